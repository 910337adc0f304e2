from ouroloop.tls.wire cimport Wire

cdef enum:
    # As `states.State`, which the module checks when it is imported.
    NEW = 0
    HANDSHAKE = 1
    OPEN = 2
    FLUSHING = 3
    ANSWERING = 4
    CLOSE_SENT = 5
    ENDED = 6

cdef enum:
    # As `states.Event`.
    START = 0
    HANDSHAKE_DONE = 1
    CLOSE = 2
    FLUSHED = 3
    PEER_CLOSED = 4
    PEER_GONE = 5
    LOST = 6

cdef enum:
    RECORD_MAX = 17 * 1024            # bytes of a record with its header, rounded up: RFC 8446 allows 16,640 + 5
    RECORD_PLAIN_MAX = 16 * 1024      # bytes of plain text in one record, at most

cdef class TlsMachine:
    cdef readonly object context      # the ssl.SSLContext that it was made with
    cdef readonly object ssl_object   # ssl.SSLObject
    cdef object engine                # what is asked for records through `ssl`: what ssl_object wraps, or itself
    cdef void *session                # OpenSSL's SSL * in it, which is asked first; NULL: only `ssl` is
    cdef Wire *wire                   # cipher text in both directions; the session's, where there is one
    cdef object incoming              # ssl.MemoryBIO that `ssl` reads from; None where there is a session
    cdef object outgoing              # ssl.MemoryBIO that `ssl` writes to; None where there is a session
    cdef int at                       # a State
    cdef bint is_framed               # the peer's bytes look like records
    cdef bint has_peer_closed         # by close_notify, or by the end of the stream
    cdef bint is_cut_off              # the stream ended without close_notify
    cdef bint has_outgoing            # the last step may have made bytes for the peer
    cdef Py_ssize_t records           # whole records fed and, as far as known, not read: never too few
    cdef Py_ssize_t body_left         # bytes that are missing from the body of the record that is coming in
    cdef int header_size              # bytes of its header that came
    cdef unsigned char[5] header

    cdef int advance(self, int event) noexcept
    cdef int start(self) except -1
    cdef int feed(self, const char *data, Py_ssize_t count) except -1
    cdef int let_go(self) except -1
    cdef int forget_incoming(self) noexcept
    cdef Py_ssize_t unread(self) except -1
    cdef Py_ssize_t pour(self) except -1
    cdef bint has_drained(self) except -1
    cdef int count_records(self, const unsigned char *data, Py_ssize_t count) noexcept
    cdef bint may_decrypt(self) except -1
    cdef int handshake(self) except -1
    cdef Py_ssize_t decrypt(self, char *room, Py_ssize_t size) except -1
    cdef Py_ssize_t decrypt_by_module(self, char *room, Py_ssize_t size) except? -1
    cdef Py_ssize_t pending(self) except -1
    cdef int discard(self, char *room, Py_ssize_t size) except -1
    cdef Py_ssize_t encrypt(self, const char *data, Py_ssize_t size) except -1
    cdef Py_ssize_t encrypt_by_module(self, const char *data, Py_ssize_t size) except -1
    cdef int say_close(self, char *room, Py_ssize_t size) except -1
    cdef int write_into(self, char *room, Py_ssize_t size) noexcept
    cdef int stop_writing_into(self) except -1
    cdef Py_ssize_t take_outgoing_in_room(self) noexcept
    cdef bytes take_outgoing(self)
