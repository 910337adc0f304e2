from ouroloop.loop.core cimport LoopCore
from ouroloop.loop.handle cimport Handle
from ouroloop.task.future cimport Future
from ouroloop.task.operation cimport Operation

cdef class WakeHandle(Handle):
    # Completes a future of ours as soon as its descriptor is ready.
    cdef Future future

cdef class SocketOperation(Operation):
    cdef LoopCore core
    cdef object sock
    cdef int fd
    cdef bint is_begun
    cdef bint is_plain         # exactly a socket.socket: no subclass, whose methods may do something of their own
    cdef WakeHandle handle     # None while it does not wait

    cdef int begin(self) except -1
    cdef bint attempt(self) except -1
    cdef int wait_for_it(self) except -1
    cdef int stop_waiting(self) except -1
    cdef bint would_block(self, Py_ssize_t result) except -1

cdef class ReceiveOperation(SocketOperation):
    cdef object asked          # how many bytes, or where to, as the user says it

    cdef bint is_surely_empty(self) except -1
    cdef int note(self, bint has_all) except -1

cdef class Receive(ReceiveOperation):
    pass

cdef class ReceiveInto(ReceiveOperation):
    pass

cdef class SendAll(SocketOperation):
    cdef object data           # what is sent, bytes-like
    cdef object view           # of its bytes, once some were left; released at the end
    cdef Py_ssize_t sent

    cdef bint attempt_method(self) except -1
