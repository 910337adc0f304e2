"""Timers: handles that wait for their time, and the heap that knows which is due first.

Deadlines come out in order, ties in the order they were made. A cancelled handle drops its callback at once; its place
in the heap is taken back when it is the newest one, when it is the first one and the loop is about to wait, or else as
soon as cancelled handles are the greater part of the heap, so a program that makes and cancels timers for ever holds no
more than twice what is pending.

The loop's core owns one heap, pushes what `call_at` makes and pops what is due.
"""

import asyncio

cimport cython
from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject
from libc.stdlib cimport free, realloc

from ouroloop.loop.handle cimport Handle
from ouroloop.loop.late_context cimport copy_context, learn_contexts
from ouroloop.loop.spare_memory cimport track, untrack, use_spare_memory

cdef extern from "Python.h":
    void PyList_SET_ITEM_stolen "PyList_SET_ITEM"(list items, Py_ssize_t index, PyObject *item)
    PyObject *PyList_GET_ITEM_borrowed "PyList_GET_ITEM"(list items, Py_ssize_t index)

cdef object TIMER_HANDLE_CONTRACT = asyncio.TimerHandle

cdef enum:
    COMPACT_FROM = 64  # cancelled handles below which the heap is left alone


cdef class TimerHandle(Handle):
    """TimerHandle(when, callback, args, loop, context=None)
--

    A callback that waits for its time, as `asyncio.TimerHandle`.

    when: seconds on the loop's clock (`loop.time()`). The other arguments are those of `Handle`.
    """

    def __init__(self, when, callback, args, loop, context=None):
        Handle.__init__(self, callback, args, loop, context)
        self.due = when
        self.keep_notes().when_given = when

    @property
    def __class__(self):
        return TIMER_HANDLE_CONTRACT

    @property
    def _when(self):
        return self.when()

    @property
    def _scheduled(self):
        return self.heap is not None

    def when(self):
        """When the callback is due, in seconds on the loop's clock."""
        return self.due if self.notes is None or self.notes.when_given is None else self.notes.when_given

    def cancel(self):
        """Makes sure that the callback is not called. Cancelling twice changes nothing."""
        self.revoke()
        if self.heap is not None:
            self.heap.note_cancelled(self)

    def _repr_info(self):
        parts = Handle._repr_info(self)
        parts.insert(2 if self._cancelled else 1, f"when={self.when()}")
        return parts

    def __hash__(self):
        return hash(self.when())

    def __eq__(self, other):
        if not isinstance(other, asyncio.TimerHandle):
            return NotImplemented
        return (
            self.when() == other.when()
            and self._callback == other._callback
            and self._args == other._args
            and self._cancelled == other.cancelled()
        )

    def __lt__(self, other):
        return self.when() < other.when() if isinstance(other, asyncio.TimerHandle) else NotImplemented

    def __le__(self, other):
        if not isinstance(other, asyncio.TimerHandle):
            return NotImplemented
        return self.when() < other.when() or self == other

    def __gt__(self, other):
        return self.when() > other.when() if isinstance(other, asyncio.TimerHandle) else NotImplemented

    def __ge__(self, other):
        if not isinstance(other, asyncio.TimerHandle):
            return NotImplemented
        return self.when() > other.when() or self == other


cdef TimerHandle new_timer(double due, object when_given, object callback, tuple args, object loop, object context):
    """A timer without the cost of a Python-level constructor. No context means a copy of the current one.

    It is not tracked, as with `new_handle`.
    """
    cdef TimerHandle handle = TimerHandle.__new__(TimerHandle)
    handle._callback = callback
    handle._args = args
    handle._loop = loop
    handle.context = copy_context() if context is None else context
    handle.due = due
    if when_given is not None:
        handle.keep_notes().when_given = when_given
    return handle


cdef inline bint is_before(const Deadline *one, const Deadline *other) noexcept:
    return one.due < other.due or (one.due == other.due and one.order < other.order)


@cython.final
cdef class TimerHeap:
    """Timer handles by deadline."""

    def __cinit__(self):
        self.handles = []

    def __dealloc__(self):
        free(self.deadlines)

    cdef int push(self, TimerHandle handle) except -1:
        if self.count == self.capacity:
            self.grow()
        cdef Py_ssize_t place = self.count
        self.deadlines[place].due = handle.due
        self.deadlines[place].order = self.next_order
        self.next_order += 1
        self.handles[place] = handle
        self.count += 1
        handle.heap = self
        self.sift_up(place)
        if PyList_GET_ITEM_borrowed(self.handles, 0) == <PyObject *>handle:
            self.has_new_first = True
        return 0

    cdef TimerHandle pop(self):
        """Takes out the handle that is due first. The heap must not be empty."""
        cdef TimerHandle handle = <TimerHandle>PyList_GET_ITEM_borrowed(self.handles, 0)
        cdef Py_ssize_t last = self.count - 1
        self.swap_last_to(0, last)
        self.count = last
        if last > 0:
            # What was last belongs far down: it goes to the bottom without a look, and from there up again.
            self.sift_up(self.sink())
        handle.heap = None
        if handle._cancelled:
            self.cancelled_count -= 1
        self.handles[last] = None
        return handle

    cdef int drop_cancelled(self) except -1:
        """Takes out the cancelled handles that would be due first: nobody need wake up for them."""
        while self.count != 0 and (<TimerHandle>PyList_GET_ITEM_borrowed(self.handles, 0))._cancelled:
            self.pop()
        return 0

    cdef int note_cancelled(self, TimerHandle handle) except -1:
        """Takes back the place of a handle that was cancelled, now or once there are many."""
        cdef Py_ssize_t last = self.count - 1
        if PyList_GET_ITEM_borrowed(self.handles, last) == <PyObject *>handle:
            self.count = last
            handle.heap = None
            self.handles[last] = None
            return 0
        self.cancelled_count += 1
        if self.cancelled_count >= COMPACT_FROM and self.cancelled_count * 2 > self.count:
            self.compact()
        return 0

    cdef int compact(self) except -1:
        """Rebuilds the heap without the cancelled handles."""
        cdef list before = self.handles
        cdef list kept = []
        cdef TimerHandle handle
        cdef Py_ssize_t place
        for place in range(self.count):
            handle = <TimerHandle>before[place]
            if handle._cancelled:
                handle.heap = None
            else:
                self.deadlines[len(kept)] = self.deadlines[place]
                kept.append(handle)
        self.count = len(kept)
        self.cancelled_count = 0
        kept.extend([None] * (self.capacity - self.count))
        self.keep_in(kept)
        for place in range(self.count // 2 - 1, -1, -1):
            self.sift_down(place)
        if self.capacity > 1024 and self.count < self.capacity // 8:
            self.resize(self.capacity // 4)
        return 0

    cdef int clear(self) except -1:
        """Forgets every handle."""
        cdef list before = self.handles
        cdef Py_ssize_t count = self.count
        self.keep_in([None] * self.capacity)
        self.count = self.cancelled_count = 0
        for place in range(count):
            (<TimerHandle>before[place]).heap = None
        return 0

    cdef int keep_in(self, list handles) except -1:
        if self.is_hidden:
            untrack(handles)
        self.handles = handles
        return 0

    cdef int hide(self) except -1:
        """Has the garbage collector pass over the line of handles, because the loop runs."""
        self.is_hidden = True
        untrack(self.handles)
        return 0

    cdef int track_all(self) except -1:
        """Tells the garbage collector of every handle, because the loop stops."""
        cdef Py_ssize_t place
        self.is_hidden = False
        track(<PyObject *>self.handles)
        for place in range(self.count):
            track(PyList_GET_ITEM_borrowed(self.handles, place))
        return 0

    cdef int grow(self) except -1:
        return self.resize(max(64, self.capacity * 2))

    cdef int resize(self, Py_ssize_t capacity) except -1:
        cdef Deadline *deadlines = <Deadline *>realloc(self.deadlines, capacity * sizeof(Deadline))
        if deadlines == NULL:
            raise MemoryError()
        self.deadlines = deadlines
        if capacity > self.capacity:
            self.handles.extend([None] * (capacity - self.capacity))
        else:
            del self.handles[capacity:]
        self.capacity = capacity
        return 0

    cdef void swap_last_to(self, Py_ssize_t place, Py_ssize_t last) noexcept:
        cdef PyObject *moved = PyList_GET_ITEM_borrowed(self.handles, last)
        cdef PyObject *other = PyList_GET_ITEM_borrowed(self.handles, place)
        PyList_SET_ITEM_stolen(self.handles, place, moved)
        PyList_SET_ITEM_stolen(self.handles, last, other)
        self.deadlines[place] = self.deadlines[last]

    cdef void sift_up(self, Py_ssize_t place) noexcept:
        cdef Deadline moving = self.deadlines[place]
        cdef PyObject *handle = PyList_GET_ITEM_borrowed(self.handles, place)
        cdef Py_ssize_t parent
        while place > 0:
            parent = (place - 1) >> 1
            if not is_before(&moving, &self.deadlines[parent]):
                break
            self.deadlines[place] = self.deadlines[parent]
            PyList_SET_ITEM_stolen(self.handles, place, PyList_GET_ITEM_borrowed(self.handles, parent))
            place = parent
        self.deadlines[place] = moving
        PyList_SET_ITEM_stolen(self.handles, place, handle)

    cdef Py_ssize_t sink(self) noexcept:
        """Puts the first handle at the bottom, the earlier child of each place into that place; returns where."""
        cdef Deadline *deadlines = self.deadlines
        cdef Deadline moving = deadlines[0]
        cdef PyObject *handle = PyList_GET_ITEM_borrowed(self.handles, 0)
        cdef Py_ssize_t place = 0
        cdef Py_ssize_t child = 1
        while child < self.count:
            if child + 1 < self.count and is_before(&deadlines[child + 1], &deadlines[child]):
                child += 1
            deadlines[place] = deadlines[child]
            PyList_SET_ITEM_stolen(self.handles, place, PyList_GET_ITEM_borrowed(self.handles, child))
            place = child
            child = 2 * place + 1
        deadlines[place] = moving
        PyList_SET_ITEM_stolen(self.handles, place, handle)
        return place

    cdef void sift_down(self, Py_ssize_t place) noexcept:
        cdef Deadline moving = self.deadlines[place]
        cdef PyObject *handle = PyList_GET_ITEM_borrowed(self.handles, place)
        cdef Py_ssize_t child
        while True:
            child = 2 * place + 1
            if child >= self.count:
                break
            if child + 1 < self.count and is_before(&self.deadlines[child + 1], &self.deadlines[child]):
                child += 1
            if not is_before(&self.deadlines[child], &moving):
                break
            self.deadlines[place] = self.deadlines[child]
            PyList_SET_ITEM_stolen(self.handles, place, PyList_GET_ITEM_borrowed(self.handles, child))
            place = child
        self.deadlines[place] = moving
        PyList_SET_ITEM_stolen(self.handles, place, handle)


use_spare_memory(<PyTypeObject *>TimerHandle)
learn_contexts()
