from ouroloop.sync.entering cimport Enterable
from ouroloop.sync.waiting cimport Waiting

cdef class LockCore(Enterable):
    cdef public bint _locked
    cdef public object _waiters        # deque of futures, in the order they came; None before the first

    cdef bint take(self) except -1
    cdef int wake_first(self) except -1

cdef class AcquireLock(Waiting):
    cdef LockCore lock
    cdef bint enters                   # for `async with`, which gets None

cdef AcquireLock new_acquire_lock(LockCore lock)
