"""Locks and queues that nobody waits in are copied and pickled as the standard library's are."""

import asyncio
import copy
import pickle

import pytest
from tests.sync.conftest import OURS

NAMES = ["Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Queue", "LifoQueue", "PriorityQueue"]
WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda made: pickle.loads(pickle.dumps(made)),
    "oldest pickle": lambda made: pickle.loads(pickle.dumps(made, 0)),
}


@pytest.fixture(params=["ours", "reference"])
def made(request):
    return lambda name, *args: (OURS[name] if request.param == "ours" else getattr(asyncio, name))(*args)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_as_new(loop, made, name, way):
    original = made(name)
    copied = WAYS[way](original)
    assert type(copied) is type(original)
    assert copied is not original

    async def use(thing):
        if "Queue" in name:
            for item in (1, 2):
                await thing.put(item)
            return [await asyncio.wait_for(thing.get(), 1) for _ in range(2)]
        if name == "Event":
            waiting = asyncio.ensure_future(thing.wait())
            await asyncio.sleep(0)
            thing.set()
            return await waiting
        async with thing:
            waiting = asyncio.ensure_future(thing.acquire())
            await asyncio.sleep(0)
            assert not waiting.done()
        return await waiting

    outcome = loop.run_until_complete(use(copied))
    assert outcome == ([2, 1] if name == "LifoQueue" else [1, 2] if "Queue" in name else True)
    # The original has seen none of it.
    assert original._loop is None


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_has_the_state_of_the_original(loop, made, way):
    async def main():
        event, semaphore, queue, heap = (
            made("Event"),
            made("BoundedSemaphore", 2),
            made("Queue", 3),
            made("PriorityQueue"),
        )
        event.set()
        await semaphore.acquire()
        for item in (3, 1, 2):
            queue.put_nowait(item)
            heap.put_nowait(item)
        copies = [WAYS[way](each) for each in (event, semaphore, queue, heap)]
        assert copies[0].is_set()
        copies[1].release()
        with pytest.raises(ValueError, match="released too many times"):
            copies[1].release()
        assert copies[2].maxsize == 3
        assert copies[2].full()
        assert [copies[3].get_nowait() for _ in range(3)] == [1, 2, 3]
        if way == "copy":  # which shares the items, as that of any object does
            return
        assert [copies[2].get_nowait() for _ in range(3)] == [3, 1, 2]
        for _ in range(3):
            copies[2].task_done()
        await asyncio.wait_for(copies[2].join(), 1)
        assert queue.qsize() == 3

    loop.run_until_complete(main())


class Named:
    """What a subclass adds."""

    def __init__(self, *args):
        super().__init__(*args)
        self.label = ["x"]


class NamedLock(Named, OURS["Lock"]):
    pass


class NamedQueue(Named, OURS["Queue"]):
    def _init(self, maxsize):
        self.own_items = []

    def _put(self, item):
        self.own_items.append(item)

    def _get(self):
        return self.own_items.pop(0)

    def qsize(self):
        return len(self.own_items)

    def empty(self):
        return not self.own_items


@pytest.mark.parametrize("way", ["deepcopy", "pickle"])
@pytest.mark.parametrize("kind", [NamedLock, NamedQueue])
def test_what_a_subclass_adds_goes_with_it(kind, way):
    original = kind()
    if kind is NamedQueue:
        original.put_nowait(["item"])
    copied = WAYS[way](original)
    assert copied.label == ["x"]
    assert copied.label is not original.label
    if kind is NamedQueue:
        assert copied.get_nowait() == ["item"]
        assert original.qsize() == 1


@pytest.mark.parametrize("way", ["deepcopy", "pickle"])
def test_one_that_somebody_waits_in_is_refused(loop, made, way):
    async def main():
        lock = made("Lock")
        async with lock:
            waiting = asyncio.ensure_future(lock.acquire())
            await asyncio.sleep(0)
            with pytest.raises(TypeError, match="cannot pickle"):
                WAYS[way](lock)
        await waiting

    loop.run_until_complete(main())


@pytest.mark.parametrize("way", WAYS)
def test_a_condition_and_its_lock_stay_together(loop, made, way):
    lock = made("Lock")
    condition = made("Condition", lock)
    copied = WAYS[way](condition)
    assert (copied._lock is lock) == (way == "copy")

    async def main():
        async with copied:
            assert copied.locked()
            assert copied._lock.locked()
            copied.notify()

    loop.run_until_complete(main())
