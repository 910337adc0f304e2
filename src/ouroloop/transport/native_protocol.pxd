cdef class NativeProtocol:
    cdef bint takes_bytes     # received() may be called instead of data_received()

    cdef int received(self, const char *data, Py_ssize_t count) except -1
