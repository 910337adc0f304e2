"""`Queue.shutdown()`, on every Python."""

import asyncio

import pytest

pytestmark = pytest.mark.library_since(3, 13)


async def steps(count=1):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture(params=["Queue", "PriorityQueue", "LifoQueue"])
def queue_class(request, library):
    return getattr(library, request.param)


def test_items_that_are_in_it_may_be_taken_out(run, library, queue_class):
    async def main():
        queue = queue_class(2)
        queue.put_nowait(1)
        queue.shutdown()
        assert str(queue).endswith(" _queue=[1] tasks=1 shutdown>")
        for put in (queue.put_nowait, queue.put):
            with pytest.raises(library.QueueShutDown, match=r"^$"):
                await put(2)
        assert await queue.get() == 1
        for get in (queue.get_nowait, queue.get):
            with pytest.raises(library.QueueShutDown, match=r"^$"):
                await get()
        queue.task_done()
        await queue.join()

    run(main())


def test_waiting_getters_are_ended(run, library, queue_class):
    async def main():
        queue = queue_class()
        getters = [asyncio.ensure_future(queue.get()) for _ in range(3)]
        await steps()
        queue.shutdown()
        for each in getters:
            with pytest.raises(library.QueueShutDown):
                await each
        assert not queue._getters

    run(main())


@pytest.mark.parametrize("immediate", [False, True])
def test_waiting_putters_are_ended(run, library, queue_class, immediate):
    async def main():
        queue = queue_class(1)
        queue.put_nowait(0)
        putters = [asyncio.ensure_future(queue.put(1)) for _ in range(3)]
        await steps()
        queue.shutdown(immediate=immediate)
        for each in putters:
            with pytest.raises(library.QueueShutDown):
                await each
        assert queue.qsize() == (0 if immediate else 1)

    run(main())


def test_an_immediate_end_drops_the_items_and_ends_joins(run, library, queue_class):
    async def main():
        queue = queue_class()
        for item in range(3):
            queue.put_nowait(item)
        joining = asyncio.ensure_future(queue.join())
        await steps()
        queue.get_nowait()
        queue.shutdown(immediate=True)
        assert queue.empty()
        await steps()
        assert not joining.done()
        queue.task_done()
        await joining
        with pytest.raises(ValueError, match="too many"):
            queue.task_done()

    run(main())


def test_it_may_be_shut_down_twice(run, library, queue_class):
    async def main():
        queue = queue_class()
        queue.put_nowait(1)
        queue.shutdown()
        queue.shutdown(immediate=True)
        with pytest.raises(library.QueueShutDown):
            queue.get_nowait()
        await queue.join()

    run(main())


def test_the_exception_is_the_standard_librarys_where_it_has_one(library):
    assert getattr(asyncio, "QueueShutDown", library.QueueShutDown) is library.QueueShutDown
    assert issubclass(library.QueueShutDown, Exception)
    assert library.QueueShutDown.__name__ == "QueueShutDown"
