from ouroloop.sync.entering cimport Enterable
from ouroloop.sync.lock_core cimport LockCore
from ouroloop.sync.waiting cimport Waiting

cdef class ConditionCore(Enterable):
    cdef public object _lock           # as it was given
    cdef object waiters                # deque of futures, in the order they came; None before the first
    cdef LockCore native_lock          # `_lock` where it is a lock of ours, else None

    cdef LockCore direct_lock(self)
    cdef int check_locked(self, str purpose) except -1
    cdef int notify_some(self, object count) except -1
    cdef int pass_on(self) except -1
    cdef object acquiring(self)

cdef class WaitCondition(Waiting):
    cdef ConditionCore condition
    cdef object acquiring              # what acquires the lock again: one of our operations, or an iterator; or None
    cdef object failure                # the exception that ended the wait, raised once the lock is held
    cdef object last_cancellation      # the newest CancelledError while the lock was acquired again

    cdef bint acquire_again(self, object thrown) except -1
    cdef bint step_acquiring(self, object thrown) except -1
    cdef int leave_line(self) except -1
    cdef object outcome(self)
