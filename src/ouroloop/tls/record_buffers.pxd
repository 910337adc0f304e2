cdef enum:
    PLAIN_SIZE = 256 * 1024           # bytes
    CIPHER_SIZE = 136 * 1024          # bytes: eight records

cdef class RecordBuffers:
    cdef char *plain
    cdef char *cipher
    cdef bint is_lent                 # a connection's records stand in `cipher`
