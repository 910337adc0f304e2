from ouroloop.sync.loop_bound cimport LoopBound
from ouroloop.task.operation cimport Operation

cdef class Waiting(Operation):
    cdef object waiter       # the future that stands in line for it, or None

    # For the kinds: the first step, the step after the wake-up, and what to do when there is an exception instead.
    cdef bint begin(self) except -1
    cdef bint woken(self) except -1
    cdef int give_up(self) except -1

    cdef bint wait_in(self, LoopBound bound, object line) except -1
    cdef int done_waiting(self, LoopBound bound) except -1
    cdef bint leave(self, object line) except -1

cdef object new_line()
cdef int wake_all(object line) except -1
cdef bint wake(object waiter, object value) except -1
cdef object wait_error(object waiter)
cdef bint was_woken(object waiter) except -1
cdef bint has_live(object line) except -1
