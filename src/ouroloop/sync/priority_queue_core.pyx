"""The queue that gives the smallest item first: a binary heap in a list, as `heapq` keeps it.

An item may raise when it is compared. All comparisons are therefore made before anything moves, so that the heap is
then as it was: no item is lost, and none is in it that was refused.
"""

import heapq

from cpython.object cimport Py_LT, PyObject_RichCompareBool

from ouroloop.sync.queue_core cimport QueueCore

cdef enum:
    DEPTH_MAX = 64   # a list has fewer than 2 ** 64 items

cdef object heappush = heapq.heappush
cdef object heappop = heapq.heappop


cdef class PriorityQueueCore(QueueCore):
    """Smallest first."""

    def _put(self, item, heappush=heapq.heappush):
        if heappush is heapq.heappush:
            self.put_item(item)
        else:
            heappush(self._queue, item)

    def _get(self, heappop=heapq.heappop):
        return self.get_item() if heappop is heapq.heappop else heappop(self._queue)

    cdef int start_items(self) except -1:
        self.items = []
        return 0

    cdef int put_item(self, object item) except -1:
        self.ask_items()
        if type(self.items) is list:
            return push(<list>self.items, item)
        heappush(self.items, item)
        return 0

    cdef object get_item(self):
        self.ask_items()
        return pop(<list>self.items) if type(self.items) is list else heappop(self.items)

    cdef object native_class(self):
        return PriorityQueueCore


cdef int push(list heap, object item) except -1:
    cdef Py_ssize_t size = len(heap)
    cdef Py_ssize_t place = size
    cdef Py_ssize_t parent
    cdef Py_ssize_t end
    while place > 0:
        parent = (place - 1) >> 1
        if not is_less(item, heap[parent], heap, size):
            break
        place = parent
    end = place
    heap.append(item)
    place = size
    while place > end:
        parent = (place - 1) >> 1
        heap[place] = heap[parent]
        place = parent
    heap[place] = item
    return 0


cdef object pop(list heap):
    cdef Py_ssize_t size = len(heap) - 1
    cdef Py_ssize_t[DEPTH_MAX] path     # of the smaller children, from the root to a leaf
    cdef Py_ssize_t child = 1
    cdef int depth = 0
    cdef int moved = 0
    if size <= 0:
        return heap.pop()
    last = heap[size]
    while child < size:
        if child + 1 < size and not is_less(heap[child], heap[child + 1], heap, size + 1):
            child += 1
        path[depth] = child
        depth += 1
        child = 2 * child + 1
    # The item from the end goes where its parent on the path is not greater: mostly near the leaf.
    while depth > 0 and is_less(last, heap[path[depth - 1]], heap, size + 1):
        depth -= 1
    first = heap[0]
    child = 0
    while moved < depth:
        heap[child] = heap[path[moved]]
        child = path[moved]
        moved += 1
    heap[child] = last
    del heap[size]
    return first


cdef bint is_less(object one, object other, list heap, Py_ssize_t size) except -1:
    cdef bint result = PyObject_RichCompareBool(one, other, Py_LT)
    # A comparison is the user's code.
    if len(heap) != size:
        raise RuntimeError("list changed size during iteration")
    return result
