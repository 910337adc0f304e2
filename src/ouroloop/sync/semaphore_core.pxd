from ouroloop.sync.entering cimport Enterable
from ouroloop.sync.waiting cimport Waiting

cdef class SemaphoreCore(Enterable):
    cdef public object _value          # a number: how many may still enter
    cdef public object _waiters        # deque of futures, in the order they came; None before the first

    cdef bint is_locked(self) except -1
    cdef bint take(self) except -1
    cdef bint wake_next(self) except -1
    cdef int wake_allowed(self) except -1

cdef class BoundedSemaphoreCore(SemaphoreCore):
    cdef public object _bound_value    # what `_value` never passes

cdef class AcquireSemaphore(Waiting):
    cdef SemaphoreCore semaphore
    cdef bint enters                   # for `async with`, which gets None
