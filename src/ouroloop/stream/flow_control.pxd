from ouroloop.loop.core cimport LoopCore
from ouroloop.task.operation cimport Operation
from ouroloop.transport.native_protocol cimport NativeProtocol

cdef class FlowControlMixin(NativeProtocol):
    cdef public object _loop
    cdef LoopCore core                # `_loop`, where its futures are ours; else None
    cdef dict drain_waiters           # the futures of those who wait for room, oldest first, as keys; None: nobody has
    cdef public bint _paused          # the transport has enough
    cdef public bint _connection_lost
    cdef dict __dict__
    cdef object __weakref__

    cdef object wait_for_room(self)
    cdef int stop_waiting(self, object waiter) except -1

cdef class DrainOperation(Operation):
    cdef FlowControlMixin flow

    cdef bint has_room(self) except -1
