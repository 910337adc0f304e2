"""Queues that a user derives: what they override is what is called."""

import asyncio

import pytest


class UniqueMixin:
    """Keeps its items in a set; the textbook example of overriding `_init`, `_put` and `_get`."""

    def _init(self, maxsize):
        self._queue = set()

    def _put(self, item):
        self._queue.add(item)

    def _get(self):
        return self._queue.pop()


def test_items_may_be_kept_otherwise(run, library):
    class Unique(UniqueMixin, library.Queue):
        pass

    async def main():
        queue = Unique(2)
        for item in (1, 1, 1):
            await queue.put(item)
        assert queue.qsize() == 1
        assert not queue.full()
        getter = asyncio.ensure_future(queue.get())
        assert await getter == 1
        getter = asyncio.ensure_future(queue.get())
        await asyncio.sleep(0)
        await queue.put(2)
        assert await getter == 2
        assert "_queue" not in str(queue)

    run(main())


def test_a_queue_without_a_queue_attribute(run, library):
    class Single(library.Queue):
        def _init(self, maxsize):
            self.item = None

        def _put(self, item):
            self.item = item

        def _get(self):
            item, self.item = self.item, None
            return item

        def qsize(self):
            return int(self.item is not None)

        def empty(self):
            return self.item is None

    async def main():
        queue = Single(1)
        assert not hasattr(queue, "_queue")
        assert str(queue) == "<Single maxsize=1>"
        putter = asyncio.ensure_future(queue.put("a"))
        await asyncio.sleep(0)
        assert queue.full()
        second = asyncio.ensure_future(queue.put("b"))
        await asyncio.sleep(0)
        assert await queue.get() == "a"
        assert await queue.get() == "b"
        await asyncio.gather(putter, second)

    run(main())


def test_a_queue_that_forgot_its_items_says_so(library):
    class Forgetful(library.Queue):
        def _init(self, maxsize):
            pass

    with pytest.raises(AttributeError, match="'Forgetful' object has no attribute '_queue'"):
        Forgetful().qsize()


def test_public_methods_that_are_overridden_are_called(run, library):
    calls = []

    class Recording(library.Queue):
        def put_nowait(self, item):
            calls.append(("put_nowait", item))
            return super().put_nowait(item)

        def get_nowait(self):
            calls.append("get_nowait")
            return super().get_nowait()

        def empty(self):
            calls.append("empty")
            return super().empty()

        def full(self):
            calls.append("full")
            return super().full()

        def _wakeup_next(self, waiters):
            calls.append("_wakeup_next")
            super()._wakeup_next(waiters)

    async def main():
        queue = Recording()
        await queue.put(1)
        assert calls == ["full", ("put_nowait", 1), "full", "_wakeup_next"]
        calls.clear()
        assert await queue.get() == 1
        assert calls == ["empty", "get_nowait", "empty", "_wakeup_next"]

    run(main())


def test_the_constructor_makes_the_items_last(library):
    class Watching(library.Queue):
        def _init(self, maxsize):
            self.seen = (maxsize, self.maxsize, self._finished.is_set(), self._unfinished_tasks)
            super()._init(maxsize)

    assert Watching(3).seen == (3, 3, True, 0)


def test_a_method_may_be_replaced_on_one_queue(run, library):
    async def main():
        queue, taken = library.Queue(), []
        queue._put = taken.append
        queue.put_nowait(1)
        await queue.put(2)
        assert taken == [1, 2]
        del queue._put
        await queue.put(3)
        assert await queue.get() == 3

    run(main())


def test_priorities_may_be_made_by_a_subclass(run, library):
    class ByLength(library.PriorityQueue):
        def _put(self, item):
            super()._put((len(item), item))

        def _get(self):
            return super()._get()[1]

    async def main():
        queue = ByLength()
        for item in ("ccc", "a", "bb"):
            await queue.put(item)
        assert [await queue.get() for _ in range(3)] == ["a", "bb", "ccc"]

    run(main())
