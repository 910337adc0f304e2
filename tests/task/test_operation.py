"""Native coroutines: driven by hand, used again, dropped. `Event.wait` and `Queue.get` stand for all of them."""

import asyncio
import gc
import socket
import sys
import weakref

import pytest

from ouroloop import asyncio as namespace
from ouroloop.sync.event import Event
from ouroloop.sync.lock import Lock
from ouroloop.sync.queue import Queue

pytestmark = pytest.mark.only_ouroloop


@pytest.fixture
def run(loop):
    return loop.run_until_complete


class Item:
    pass


def test_it_is_a_coroutine_to_abstract_classes(run):
    async def main():
        waiting = Event().wait()
        assert asyncio.iscoroutine(waiting)
        assert waiting.__qualname__ == "Event.wait"
        assert waiting.__name__ == "wait"
        assert waiting.cr_frame is None
        assert not waiting.cr_running
        assert not waiting.cr_suspended
        with pytest.raises(TypeError, match="can't send non-None value to a just-started coroutine"):
            waiting.send(5)
        waiting.send(None)
        assert waiting.cr_suspended
        waiting.close()
        assert not waiting.cr_suspended
        with pytest.raises(
            TypeError, match="must be classes or instances deriving from BaseException, not int"
        ):
            Event().wait().throw(5)

    run(main())


@pytest.mark.parametrize("kind", ["get", "wait", "acquire", "sleep", "wait_for", "sock_recv"])
@pytest.mark.parametrize("way", ["await", "wait_for"])
def test_who_awaits_it_while_another_does_is_refused_and_the_other_goes_on(run, loop, kind, way):
    here, there = socket.socketpair()

    async def second(operation):
        await (operation if way == "await" else namespace.wait_for(operation, 10))

    async def main():
        queue, event, lock = Queue(), Event(), Lock()
        await lock.acquire()
        operation = {
            "get": queue.get,
            "wait": event.wait,
            "acquire": lock.acquire,
            "sleep": lambda: namespace.sleep(0.02, b"it"),
            "wait_for": lambda: namespace.wait_for(queue.get(), 10),
            "sock_recv": lambda: loop.sock_recv(here, 10),
        }[kind]()

        async def first():
            return await operation

        task = loop.create_task(first())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="coroutine is being awaited already"):
            await second(operation)
        queue.put_nowait(b"it")
        event.set()
        lock.release()
        there.send(b"it")
        assert await task in (b"it", True)
        assert not queue._getters
        assert not event._waiters

    with here, there:
        here.setblocking(False)
        run(main())


def test_it_is_awaited_once(run):
    async def main():
        event = Event()
        event.set()
        waiting = event.wait()
        assert await waiting is True
        for again in (waiting.send, waiting.throw):
            with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
                again(ValueError())
        waiting.close()

    run(main())


def test_it_is_not_entered_twice_at_once(run):
    async def main():
        class Nosy(Queue):
            def _get(self):
                with pytest.raises(ValueError, match="coroutine already executing"):
                    getting.send(None)
                with pytest.raises(ValueError, match="coroutine already executing"):
                    getting.throw(KeyError())
                assert getting.cr_running
                return super()._get()

        queue = Nosy()
        queue.put_nowait(1)
        getting = queue.get()
        assert await getting == 1
        assert not getting.cr_running

    run(main())


def test_an_exception_before_the_first_step_ends_it(run):
    async def main():
        event = Event()
        waiting = event.wait()
        with pytest.raises(KeyError):
            waiting.throw(KeyError("why"))
        assert not event._waiters
        with pytest.raises(RuntimeError, match="cannot reuse"):
            waiting.send(None)

    run(main())


def test_an_error_of_a_step_ends_it(run):
    async def main():
        class Broken(Queue):
            def _get(self):
                raise ZeroDivisionError

        queue = Broken()
        queue.put_nowait(1)
        getting = queue.get()
        for error in (ZeroDivisionError, RuntimeError):
            with pytest.raises(error):
                getting.send(None)

    run(main())


def test_a_step_that_comes_too_early_is_refused(run):
    async def main():
        event = Event()
        waiting = event.wait()
        waiting.send(None)
        with pytest.raises(RuntimeError, match="await wasn't used with future"):
            waiting.send(None)
        assert not event._waiters

    run(main())


@pytest.mark.parametrize("way", ["await", "send", "next"])
def test_what_it_gave_is_kept_by_nobody(run, way):
    async def main():
        queue = Queue()
        item = Item()
        reference = weakref.ref(item)
        queue.put_nowait(item)
        del item
        if way == "await":
            await queue.get()
        else:
            getting = queue.get()
            with pytest.raises(StopIteration) as stop:
                getting.send(None) if way == "send" else next(getting)
            assert isinstance(stop.value.value, Item)
            del stop, getting
        gc.collect()
        assert reference() is None

    run(main())


def test_the_end_of_one_is_not_the_end_of_another(run):
    async def main():
        queue, stops = Queue(), []
        for number in range(3):
            queue.put_nowait(number)
        for _ in range(3):
            try:
                next(queue.get())
            except StopIteration as stop:
                stops.append(stop)
        assert [stop.value for stop in stops] == [0, 1, 2]

    run(main())


def test_many_at_once_are_kept_apart(run):
    async def main():
        events = [Event() for _ in range(50)]
        for _ in range(3):
            waiters = [asyncio.ensure_future(event.wait()) for event in events]
            await asyncio.sleep(0)
            assert all(len(event._waiters) == 1 for event in events)
            for event in reversed(events):
                event.set()
            assert await asyncio.gather(*waiters) == [True] * 50
            for event in events:
                event.clear()

    run(main())


def test_one_that_is_over_keeps_nothing_alive(run):
    async def main():
        event = Event()
        event.set()
        await event.wait()
        reference = weakref.ref(event)
        del event
        assert reference() is None

    run(main())


def test_references_are_counted(run):
    async def main():
        event, queue, item = Event(), Queue(), Item()
        event.set()
        for _ in range(2):
            before = sys.getrefcount(event), sys.getrefcount(queue), sys.getrefcount(item)
            for _ in range(1000):
                await event.wait()
                await queue.put(item)
                await queue.get()
                event.wait().close()
            assert before == (sys.getrefcount(event), sys.getrefcount(queue), sys.getrefcount(item))

    run(main())


def test_one_with_weak_references_ends(run):
    async def main():
        event = Event()
        event.set()
        waiting = event.wait()
        reference = weakref.ref(waiting)
        await waiting
        del waiting
        assert reference() is None

    run(main())


def test_one_in_a_cycle_is_collected(run):
    async def main():
        event = Event()
        waiting = event.wait()
        waiting.send(None)
        event.waiting = waiting
        reference = weakref.ref(event)
        del event, waiting
        gc.collect()
        assert reference() is None
        # Its memory may serve again: the finalizer must too.
        event = Event()
        dropped = [event.wait() for _ in range(20)]
        for each in dropped:
            each.send(None)
        del each
        dropped.clear()
        assert not event._waiters

    run(main())


@pytest.mark.parametrize("method", ["Queue().get()", "FullQueue().put(2)"])
def test_one_that_could_not_clean_up_serves_nobody_else(run_script, method):
    # Its loop is closed, so its waiter cannot be cancelled.
    process = run_script(
        f"""
        import gc, sys
        from ouroloop.asyncio import Queue

        def FullQueue():
            queue = Queue(1)
            queue.put_nowait(1)
            return queue

        async def waits():
            await {method}

        sys.unraisablehook = lambda unraisable: print(unraisable.exc_value)
        loop = new_event_loop()
        loop.set_exception_handler(lambda loop, context: None)
        task = loop.create_task(waits())
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
        del task, loop
        gc.collect()

        async def main():
            for _ in range(20):
                queue = Queue(1)
                await queue.put(3)
                assert await queue.get() == 3
                queue.task_done()

        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(main())
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == "Event loop is closed\n"


@pytest.mark.parametrize("kind", ["sleep(5)", "Event().wait()", "Queue().get()"])
def test_one_that_the_collector_ends_is_not_called_unawaited(run_script, kind):
    process = run_script(
        f"""
        import gc, sys
        from ouroloop import asyncio as ours

        class Holder:
            async def run(self):
                await ours.{kind}

        sys.unraisablehook = print
        loop = new_event_loop()

        async def main():
            for _ in range(3):
                holder = Holder()
                holder.coroutine = holder.run()
                holder.coroutine.send(None)
                holder.me = holder
                del holder
                gc.collect()
            for _ in range(20):
                await ours.sleep(0)
                event = ours.Event()
                event.set()
                assert await event.wait() is True
                queue = ours.Queue()
                await queue.put(3)
                assert await queue.get() == 3

        loop.run_until_complete(main())
        loop.close()
        """,
        interpreter_options=("-Werror",),
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == process.stderr == ""
