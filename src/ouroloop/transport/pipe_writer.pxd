from ouroloop.kernel.sockets cimport iovec
from ouroloop.transport.flow_control cimport FlowControl
from ouroloop.transport.pipe_end cimport PipeEnd
from ouroloop.transport.write_queue cimport WriteQueue

cdef class PipeWriteQueue(WriteQueue):
    cdef Py_ssize_t give_one(self, int fd, const void *buffer, size_t size) noexcept
    cdef Py_ssize_t give_many(self, int fd, iovec *parts, size_t count) noexcept

cdef class PipeWriter(PipeEnd):
    cdef PipeWriteQueue queue
    cdef FlowControl flow
    cdef int lost_count               # writes that went nowhere
    cdef bint notices_end             # the poller says when the reader goes, also while nothing is written

    cdef int enqueue(self, object data) except -1
    cdef object write_now(self, object data)
    cdef int flush(self) except -1
    cdef int look_for_end(self) except -1
    cdef int pause_protocol_if_full(self) except -1
    cdef int fatal_error(self, object error) except -1
    cdef int count_lost_write(self) except -1
