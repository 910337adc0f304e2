from ouroloop.sync.loop_bound cimport LoopBound
from ouroloop.sync.waiting cimport Waiting

cdef class EventCore(LoopBound):
    cdef public bint _value
    cdef object waiters            # deque of futures, in the order they came; None before the first

    cdef int raise_flag(self) except -1

cdef class WaitEvent(Waiting):
    cdef EventCore event

cdef WaitEvent new_wait_event(EventCore event)
