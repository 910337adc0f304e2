from ouroloop.loop.core cimport LoopCore
from ouroloop.loop.timers cimport TimerHandle
from ouroloop.task.operation cimport Operation

cdef enum TimeoutState:
    CREATED
    ENTERED
    EXPIRING     # its time has come, and the task is being cancelled
    EXPIRED
    EXITED

cdef class Timeout:
    cdef object deadline          # as it was given: seconds on the loop's clock, or None
    cdef TimeoutState state
    cdef bint is_ahead            # it was still to come when the timeout was made: the clock need not be read again
    cdef object task              # that entered it; None before and after
    cdef int cancelling_before    # requests to cancel that the task had when it entered
    cdef object timer             # the handle that will end it, or None
    cdef object __weakref__

    cdef int enter(self) except -1
    cdef int leave(self, object kind, object error) except -1
    cdef int start_timer(self, object loop) except -1
    cdef int stop_timer(self) except -1
    cdef int expire(self) except -1

# As `timeout()`.
cdef Timeout time_limit(object delay)

cdef class DeadlineTimer(TimerHandle):
    cdef Timeout timeout          # None once it has run or was stopped

cdef class TimeoutEntry(Operation):
    cdef Timeout timeout

cdef class TimeoutExit(Operation):
    cdef Timeout timeout
    cdef object kind
    cdef object error
