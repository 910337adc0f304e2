from libc.stdint cimport uint64_t

from ouroloop.loop.handle cimport Handle

cdef class TimerHandle(Handle):
    cdef double due          # seconds on the loop's clock
    cdef TimerHeap heap      # the heap that holds it; None before and after

cdef struct Deadline:
    double due
    uint64_t order           # ties fire in the order they were made

cdef class TimerHeap:
    cdef Deadline *deadlines         # a binary heap
    cdef list handles                # handles[i] is due at deadlines[i]; None past `count`
    cdef Py_ssize_t count
    cdef Py_ssize_t capacity
    cdef bint is_hidden              # the collector passes over `handles`, because the loop runs
    cdef bint has_new_first          # one was pushed that is due before all others; whoever collects takes it back
    cdef Py_ssize_t cancelled_count  # cancelled handles that still stand in the heap
    cdef uint64_t next_order

    cdef int push(self, TimerHandle handle) except -1
    cdef TimerHandle pop(self)
    cdef int drop_cancelled(self) except -1
    cdef int note_cancelled(self, TimerHandle handle) except -1
    cdef int compact(self) except -1
    cdef int clear(self) except -1
    cdef int keep_in(self, list handles) except -1
    cdef int hide(self) except -1
    cdef int track_all(self) except -1
    cdef int grow(self) except -1
    cdef int resize(self, Py_ssize_t capacity) except -1
    cdef void swap_last_to(self, Py_ssize_t place, Py_ssize_t last) noexcept
    cdef void sift_up(self, Py_ssize_t place) noexcept
    cdef Py_ssize_t sink(self) noexcept
    cdef void sift_down(self, Py_ssize_t place) noexcept

cdef TimerHandle new_timer(double due, object when_given, object callback, tuple args, object loop, object context)
