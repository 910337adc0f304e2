from ouroloop.transport.pipe_end cimport PipeEnd

cdef class PipeReader(PipeEnd):
    cdef bint is_paused               # pause_reading

    cdef int read(self) except -1
    cdef int fatal_error(self, object error) except -1
