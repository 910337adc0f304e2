cdef struct Session:
    # What `ssl` has made for one connection, and owns: valid while its `_SSLSocket` is.
    void *tls                         # SSL *; NULL where nobody but `ssl` may be asked
    void *incoming                    # BIO *, cipher text from the peer
    void *outgoing                    # BIO *, cipher text for the peer

cdef enum:
    # What `read_record` and `write_record` return where no bytes went through.
    WAITS = 0                         # the peer must speak first
    PEER_HAS_CLOSED = -1              # by close_notify
    FAILED = -2                       # `ssl`, asked for the same, knows why: the reason is still noted

cdef int find_session(Session *session, object engine, object incoming, object outgoing) except -1
cdef bint add_incoming(Session *session, const void *data, Py_ssize_t count) noexcept
cdef Py_ssize_t read_record(Session *session, void *room, Py_ssize_t size) noexcept
cdef Py_ssize_t unread_of_record(Session *session) noexcept
cdef Py_ssize_t write_record(Session *session, const void *data, Py_ssize_t size) noexcept
cdef bytes drain_outgoing(Session *session)
cdef Py_ssize_t drain_into(Session *session, void *room, Py_ssize_t size) noexcept
