cdef class NativeProtocol:
    cdef bint takes_bytes     # received() may be called instead of data_received()
    cdef bint keeps_bytes     # an object of what a large read has brought saves it a copy

    cdef int received(self, const char *data, Py_ssize_t count) except -1
    # The same of an object that the protocol may keep.
    cdef int received_bytes(self, bytes data) except -1
