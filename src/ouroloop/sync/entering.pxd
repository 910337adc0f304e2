from ouroloop.sync.loop_bound cimport LoopBound
from ouroloop.task.operation cimport Operation

cdef enum:
    # Bits of LoopBound.overrides(), in the order of `dispatched()`.
    GET_LOOP = 1
    ACQUIRE = 2
    RELEASE = 4

cdef class Enterable(LoopBound):
    # For the kinds: the coroutine of `__aenter__`, and what `release()` does.
    cdef object enter_operation(self)
    cdef int give_back(self) except -1

cdef class Leave(Operation):
    cdef Enterable left
