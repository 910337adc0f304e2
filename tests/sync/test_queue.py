"""The queue: items and their order, who waits for them, and what is left of a wait that was ended."""

import asyncio
import gc
import types
import weakref

import pytest


async def steps(count=1):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture(params=["Queue", "PriorityQueue", "LifoQueue"])
def queue_class(request, library):
    return getattr(library, request.param)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("Queue", [2, 1, 3, 2]), ("PriorityQueue", [1, 2, 2, 3]), ("LifoQueue", [2, 3, 1, 2])],
)
def test_items_come_out_in_the_order_of_the_kind(run, library, kind, expected):
    async def main():
        queue = getattr(library, kind)()
        for item in (2, 1, 3, 2):
            assert await queue.put(item) is None
        assert queue.qsize() == 4
        assert [await queue.get() for _ in range(4)] == expected
        assert queue.empty()

    run(main())


@pytest.mark.parametrize(
    ("maxsize", "places"), [(1, 1), (3, 3), (2.5, 3), (True, 1), (0, None), (-1, None), (2**80, None)]
)
def test_a_queue_is_full_at_its_limit(queue_class, maxsize, places):
    queue = queue_class(maxsize)
    assert queue.maxsize is maxsize
    for item in range(places or 10):
        assert not queue.full()
        queue.put_nowait(item)
    if places is not None:
        assert queue.full()
        with pytest.raises(asyncio.QueueFull, match=r"^$"):
            queue.put_nowait(0)


def test_an_empty_queue_has_nothing_at_once(queue_class):
    with pytest.raises(asyncio.QueueEmpty, match=r"^$"):
        queue_class().get_nowait()


def test_put_waits_for_room_and_get_for_an_item(run, queue_class):
    async def main():
        queue, got = queue_class(1), []

        async def consume():
            got.extend([await queue.get() for _ in range(20)])

        consumer = asyncio.ensure_future(consume())
        for item in range(20):
            await queue.put(item)
        await consumer
        assert got == list(range(20))

    run(main())


@pytest.mark.parametrize(
    "item", [None, (1, 2), (), StopIteration(3), ZeroDivisionError, asyncio.CancelledError()]
)
def test_any_item_comes_out_as_itself(run, library, item):
    async def main():
        queue = library.Queue()
        await queue.put(item)
        assert await queue.get() is item
        getter = asyncio.ensure_future(queue.get())
        await steps()
        await queue.put(item)
        assert await getter is item

    run(main())


def test_an_item_that_was_taken_out_is_kept_by_nobody(run, library):
    class Item:
        pass

    async def main():
        queue = library.Queue()
        for is_waited_for in (False, True):
            item = Item()
            reference = weakref.ref(item)
            if is_waited_for:
                getter = asyncio.ensure_future(queue.get())
                await steps()
                await queue.put(item)
                del item
                await getter
                del getter
            else:
                await queue.put(item)
                del item
                await queue.get()
            await steps()
            assert reference() is None

    run(main())


@pytest.mark.parametrize("cancel_first", [True, False])
def test_an_item_goes_to_the_next_when_its_getter_is_cancelled(run, library, cancel_first):
    async def main():
        queue = library.Queue()
        one, two = (asyncio.ensure_future(queue.get()) for _ in range(2))
        await steps()
        if cancel_first:
            one.cancel()
            queue.put_nowait("item")
        else:
            queue.put_nowait("item")
            one.cancel()
        assert await asyncio.wait_for(two, 5) == "item"
        assert one.cancelled()

    run(main())


@pytest.mark.parametrize("cancel_first", [True, False])
def test_room_goes_to_the_next_when_its_putter_is_cancelled(run, library, cancel_first):
    async def main():
        queue = library.Queue(1)
        queue.put_nowait(0)
        one, two = (asyncio.ensure_future(queue.put(item)) for item in (1, 2))
        await steps()
        if cancel_first:
            one.cancel()
            queue.get_nowait()
        else:
            queue.get_nowait()
            one.cancel()
        await asyncio.wait_for(two, 5)
        assert queue.get_nowait() == 2

    run(main())


@pytest.mark.parametrize("end", ["close", "throw", "drop"])
def test_a_woken_getter_that_is_ended_otherwise_wakes_the_next(run, library, end):
    async def main():
        queue = library.Queue()
        woken = queue.get()
        woken.send(None)
        waiter = asyncio.ensure_future(queue.get())
        await steps()
        queue.put_nowait("item")
        if end == "close":
            woken.close()
        elif end == "throw":
            with pytest.raises(ZeroDivisionError):
                woken.throw(ZeroDivisionError())
        else:
            del woken
            gc.collect()
        assert await asyncio.wait_for(waiter, 5) == "item"

    run(main())


def test_ended_waits_leave_the_lines(run, library):
    async def main():
        queue = library.Queue(1)
        getter = asyncio.ensure_future(queue.get())
        await steps()
        assert len(queue._getters) == 1
        getter.cancel()
        await asyncio.wait([getter])
        queue.put_nowait(1)
        putter = asyncio.ensure_future(queue.put(2))
        await steps()
        assert len(queue._putters) == 1
        putter.cancel()
        await asyncio.wait([putter])
        assert not queue._getters
        assert not queue._putters

    run(main())


def test_join_waits_until_all_is_done(run, queue_class):
    async def main():
        queue = queue_class()
        await queue.join()
        for item in range(3):
            queue.put_nowait(item)
        joining = asyncio.ensure_future(queue.join())
        for _ in range(3):
            await steps()
            assert not joining.done()
            queue.get_nowait()
            queue.task_done()
        assert await joining is None
        with pytest.raises(ValueError, match=r"^task_done\(\) called too many times$"):
            queue.task_done()

    run(main())


def test_a_cancelled_join_leaves_the_line(run, library):
    async def main():
        queue = library.Queue()
        queue.put_nowait(1)
        joining = asyncio.ensure_future(queue.join())
        await steps()
        assert len(queue._finished._waiters) == 1
        joining.cancel()
        await asyncio.wait([joining])
        assert not queue._finished._waiters

    run(main())


def test_repr_and_str(run, library):
    async def main():
        queue = library.Queue(1)
        getter = asyncio.ensure_future(queue.get())
        await steps()
        assert str(queue) == "<Queue maxsize=1 _getters[1]>"
        queue.put_nowait("item")
        await getter
        queue.put_nowait("other")
        putter = asyncio.ensure_future(queue.put("more"))
        await steps()
        assert repr(queue) == f"<Queue at {id(queue):#x} maxsize=1 _queue=['other'] _putters[1] tasks=2>"
        queue.get_nowait()
        await putter

    run(main())


def test_a_queue_may_be_subscripted(queue_class):
    alias = queue_class[int]
    assert isinstance(alias, types.GenericAlias)
    assert alias.__origin__ is queue_class
    assert alias.__args__ == (int,)
    assert isinstance(alias(), queue_class)


def test_a_second_loop_is_refused(loop_factory, library):
    queue = library.Queue()

    async def wait():
        getter = asyncio.ensure_future(queue.get())
        await steps()
        queue.put_nowait(1)
        await getter

    first, second = loop_factory(), loop_factory()
    try:
        first.run_until_complete(wait())
        with pytest.raises(RuntimeError, match=r"<Queue at .* is bound to a different event loop"):
            second.run_until_complete(wait())
    finally:
        first.close()
        second.close()


def test_getters_that_the_user_adds_are_woken(run, library):
    async def main():
        queue = library.Queue(1)
        loop = asyncio.get_running_loop()
        getter, putter = loop.create_future(), loop.create_future()
        queue._getters.append(getter)
        queue._putters.append(putter)
        await queue.put(1)
        assert getter.done()
        assert await queue.get() == 1
        assert putter.result() is None

    run(main())


def test_items_may_be_reached_from_outside(run, library):
    async def main():
        queue = library.Queue()
        queue.put_nowait(1)
        queue.put_nowait(2)
        queue._queue.appendleft(0)
        assert list(queue._queue) == [0, 1, 2]
        queue._queue.remove(1)
        assert [queue.get_nowait() for _ in range(2)] == [0, 2]
        queue._queue.clear()
        assert queue.empty()

    run(main())


def test_ours_are_queues_of_the_standard_library(library):
    for name in ("Queue", "PriorityQueue", "LifoQueue"):
        assert issubclass(getattr(library, name), getattr(asyncio, name))
        assert issubclass(getattr(library, name), library.Queue)
