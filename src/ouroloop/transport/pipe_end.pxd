from ouroloop.loop.core cimport LoopCore
from ouroloop.transport.endpoint cimport Endpoint

cdef class PipeEnd(Endpoint):
    cdef public object _pipe        # the file object that owns the descriptor; None once closed
    cdef object waiter              # future to complete once connection_made was called, or None
    cdef int kind                   # IS_PIPE, IS_SOCKET or IS_CHARACTER
    cdef int pending                # READABLE | WRITABLE that the poller has reported
    cdef bint is_copy               # `fd` is a copy of the file object's descriptor, and closed beside it
    cdef bint is_queued             # stands in the ready queue
    cdef bint is_started            # connection_made was called
    cdef bint is_closed             # close() was called, or the connection failed or ended
    cdef bint is_over               # connection_lost was called or is queued
    cdef bint is_always_ready       # a device that no poller can watch: it never blocks

    cdef int take_over(self, LoopCore core, object pipe, object protocol, object waiter, str refusal) except -1
    cdef int go_on(self, int pending) except -1
    cdef int interest(self) noexcept
    cdef int update_interest(self) except -1
    cdef int queue_run(self) except -1
    cdef int begin(self) except -1
    cdef int end(self, object error) except -1
    cdef bint is_watched(self, int interest) noexcept
