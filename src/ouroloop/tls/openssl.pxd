from ouroloop.tls.wire cimport Wire

cdef enum:
    # What `read_record` and `write_record` return where no bytes went through.
    WAITS = 0                         # the peer must speak first
    PEER_HAS_CLOSED = -1              # by close_notify
    FAILED = -2                       # `ssl`, asked for the same, knows why: the reason is still noted

cdef void *find_session(object engine, object incoming, object outgoing) except? NULL
cdef int connect_session(void *tls, Wire *wire) except -1
cdef int forget_errors() noexcept
cdef Py_ssize_t read_record(void *tls, Wire *wire, void *room, Py_ssize_t size) noexcept
cdef Py_ssize_t unread_of_record(void *tls) noexcept
cdef Py_ssize_t write_record(void *tls, Wire *wire, const void *data, Py_ssize_t size) noexcept
