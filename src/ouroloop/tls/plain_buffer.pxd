cdef enum:
    PLAIN_SIZE = 256 * 1024           # bytes

cdef class PlainBuffer:
    cdef bytearray storage
    cdef object view                  # of storage
    cdef tuple room                   # what `TlsMachine.decrypt` takes for all of it
    cdef char *start

    cdef tuple room_from(self, Py_ssize_t filled)
