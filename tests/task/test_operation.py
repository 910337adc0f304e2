"""Native coroutines: driven by hand, used again, dropped. `Event.wait` and `Queue.get` stand for all of them."""

import asyncio
import gc
import sys
import weakref

import pytest

from ouroloop.sync.event import Event
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
        waiting.close()

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
