from ouroloop.transport.native_protocol cimport NativeProtocol
from ouroloop.transport.pipe_end cimport PipeEnd

cdef class PipeReader(PipeEnd):
    cdef NativeProtocol native        # the protocol, where it takes what is read as it stands in the buffer; else None
    cdef bint is_paused               # pause_reading

    cdef int read(self) except -1
    cdef int hand_over(self, const char *data, Py_ssize_t count) except -1
    cdef int fatal_error(self, object error) except -1
