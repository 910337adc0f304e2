"""The heap of the priority queue, and items that refuse to be compared."""

import heapq
import random

import pytest


class Reluctant:
    """Compares by its number, and only while it is willing."""

    willing = True

    def __init__(self, number):
        self.number = number

    def __lt__(self, other):
        if not Reluctant.willing:
            raise ZeroDivisionError
        return self.number < other.number


@pytest.fixture(autouse=True)
def willing():
    yield
    Reluctant.willing = True


def test_the_heap_is_the_one_that_heapq_makes(library):
    chance = random.Random(20)
    for _ in range(200):
        queue, heap = library.PriorityQueue(), []
        for _ in range(chance.randrange(40)):
            item = (chance.randrange(8), chance.randrange(3))
            queue.put_nowait(item)
            heapq.heappush(heap, item)
            if chance.random() < 0.4:
                assert queue.get_nowait() == heapq.heappop(heap)
            assert queue._queue == heap
        assert [queue.get_nowait() for _ in range(queue.qsize())] == [
            heapq.heappop(heap) for _ in range(len(heap))
        ]


@pytest.mark.only_our_library
def test_an_item_that_cannot_be_compared_is_not_in_the_queue(library):
    queue = library.PriorityQueue()
    queue.put_nowait(1)
    with pytest.raises(TypeError, match="'<' not supported"):
        queue.put_nowait("a")
    assert queue.qsize() == 1
    assert queue._unfinished_tasks == 1


@pytest.mark.only_our_library
@pytest.mark.parametrize("size", range(1, 40))
def test_no_item_is_lost_when_a_comparison_fails(library, size):
    queue = library.PriorityQueue()
    for number in range(size):
        queue.put_nowait(Reluctant(number * 7919 % 101))
    before = list(queue._queue)
    Reluctant.willing = False
    if size > 2:
        with pytest.raises(ZeroDivisionError):
            queue.get_nowait()
        with pytest.raises(ZeroDivisionError):
            queue.put_nowait(Reluctant(0))
        assert queue._queue == before
    Reluctant.willing = True
    numbers = [queue.get_nowait().number for _ in range(size)]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("way", ["put", "get"])
def test_a_comparison_that_changes_the_queue_is_refused(library, way):
    queue = library.PriorityQueue()

    class Meddler:
        def __lt__(self, other):
            queue._queue.append(None)
            return False

    for _ in range(3):
        queue._queue.append(Meddler())
    with pytest.raises(RuntimeError, match="list changed size during iteration"):
        queue.get_nowait() if way == "get" else queue.put_nowait(Meddler())
