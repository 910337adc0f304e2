cdef enum:
    PLAIN_SIZE = 256 * 1024           # bytes

cdef class PlainBuffer:
    cdef char *start
