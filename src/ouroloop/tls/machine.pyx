"""TLS without I/O: cipher text, plain text and wishes go in; cipher text, plain text and a new state come out.

The machine owns an `ssl.SSLObject`. Whoever drives it feeds what the peer sent, calls the step that the state asks for,
lets go of what was fed, and sends what `take_outgoing` gives. Where the connection stands is decided by the table in
`states.py` alone.

Handshakes and shutdowns go through `ssl`. Records go to OpenSSL itself (`openssl.pyx`), where it can be reached and
nothing of the program's would see the difference: no class of its own, no callback that is called for records. Where a
record fails, `ssl` is asked for it again and raises its own exception. Each step therefore has two ways, and the one
through `ssl` alone does everything too: there, cipher text goes through two memory buffers, a part at a time so that
they stay small.

Asking `ssl` for a record that is not there costs more than decrypting a small one, because the answer is an exception.
The machine therefore reads the headers of the records that it is fed, and asks for those that are whole.
"""

import ssl

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from ouroloop.tls.openssl cimport (
    FAILED,
    PEER_HAS_CLOSED,
    WAITS,
    connect_session,
    find_session,
    forget_errors,
    read_record,
    unread_of_record,
    write_record,
)
from ouroloop.tls.wire cimport (
    clear_store,
    drop_incoming,
    free_wire,
    incoming_size,
    keep_incoming,
    lend_room,
    new_wire,
    take_back_room,
    take_incoming,
)

from ouroloop.tls import states
from ouroloop.tls.states import Event, State

cdef enum:
    STATE_COUNT = 7
    EVENT_COUNT = 7
    HEADER_SIZE = 5
    POUR_MAX = 32 * 1024              # bytes that go into a memory buffer at once

cdef object SSLObject = ssl.SSLObject
cdef object MemoryBIO = ssl.MemoryBIO
cdef object ZeroReturn = ssl.SSLZeroReturnError
# Memory buffers never fail; a system call's error is OpenSSL's way to say that there was nothing to read.
cdef tuple WANTS_MORE = (ssl.SSLWantReadError, ssl.SSLSyscallError)
cdef int[STATE_COUNT][EVENT_COUNT] next_state


cdef int load_transitions() except -1:
    """The table as an array, and a check that the numbers in machine.pxd are those of states.py."""
    cdef int state, event
    state_numbers = (NEW, HANDSHAKE, OPEN, FLUSHING, ANSWERING, CLOSE_SENT, ENDED)
    event_numbers = (START, HANDSHAKE_DONE, CLOSE, FLUSHED, PEER_CLOSED, PEER_GONE, LOST)
    if state_numbers != tuple(State) or event_numbers != tuple(Event):
        raise ImportError("ouroloop.tls.machine and ouroloop.tls.states name different states or events")
    for state in range(STATE_COUNT):
        for event in range(EVENT_COUNT):
            next_state[state][event] = states.TRANSITIONS[State(state)].get(Event(event), State(state))
    return 0


load_transitions()


cdef class TlsMachine:
    """TlsMachine(context, *, server_side=False, server_hostname=None)
--

    One end of a TLS connection, without the connection.

    context: an `ssl.SSLContext`. server_hostname: whose certificate a client expects, str or None.
    Raises what `SSLContext.wrap_bio` raises.
    """

    def __cinit__(self):
        self.is_framed = True
        self.wire = new_wire()
        if self.wire == NULL:
            raise MemoryError

    def __dealloc__(self):
        if self.session == NULL and self.wire != NULL:
            free_wire(self.wire)

    def __init__(self, context, *, server_side=False, server_hostname=None):
        cdef void *session
        if self.ssl_object is not None:
            raise RuntimeError("this TlsMachine has a connection already")
        self.context = context
        self.incoming = MemoryBIO()
        self.outgoing = MemoryBIO()
        self.ssl_object = context.wrap_bio(
            self.incoming, self.outgoing, server_side=server_side, server_hostname=server_hostname
        )
        # A subclass may do something of its own in its methods.
        if type(self.ssl_object) is not SSLObject:
            self.engine = self.ssl_object
            return
        self.engine = self.ssl_object._sslobj
        # `ssl` raises what these callbacks have raised. They are OpenSSL's from the start or never.
        if context._msg_callback is not None or getattr(context, "keylog_filename", None) is not None:
            return
        session = find_session(self.engine, self.incoming, self.outgoing)
        if session != NULL:
            connect_session(session, self.wire)
            self.session = session
            self.incoming = self.outgoing = None

    @property
    def state(self):
        """Where the connection stands, a `State`."""
        return State(self.at)

    @property
    def is_direct(self):
        """Whether records go to OpenSSL itself."""
        return self.session != NULL

    # For whoever drives the machine from Python: tests, and transports that are not sockets.

    def begin(self):
        """Starts the handshake."""
        self.start()

    def receive(self, data):
        """Takes what the peer sent, any part of the stream; returns the plain text in it."""
        cdef bytes given = bytes(data)
        cdef Py_ssize_t count
        cdef bytearray plain = bytearray()
        cdef char room[RECORD_PLAIN_MAX]
        self.feed(PyBytes_AS_STRING(given), PyBytes_GET_SIZE(given))
        try:
            if self.at == HANDSHAKE:
                self.handshake()
            while OPEN <= self.at <= FLUSHING and self.may_decrypt():
                count = self.decrypt(room, RECORD_PLAIN_MAX)
                plain += PyBytes_FromStringAndSize(room, count)
            if self.at == CLOSE_SENT:
                self.discard(room, RECORD_PLAIN_MAX)
        finally:
            self.let_go()
        return bytes(plain)

    def send(self, data):
        """Encrypts the user's bytes; returns how many of them were taken, 0 while the peer must speak first."""
        cdef bytes given = bytes(data)
        return self.encrypt(PyBytes_AS_STRING(given), PyBytes_GET_SIZE(given))

    def close(self):
        """Ends the user's side: with close_notify, once it was open."""
        self.advance(CLOSE)
        self.finish()

    def finish(self):
        """Sends close_notify, if the state asks for it."""
        cdef char room[RECORD_PLAIN_MAX]
        if self.at == FLUSHING or self.at == ANSWERING:
            self.say_close(room, RECORD_PLAIN_MAX)

    def happened(self, event):
        """Notes an `Event` that came from elsewhere; returns the new `State`."""
        self.advance(event)
        return State(self.at)

    def to_send(self):
        """The bytes that the peer must get now."""
        return self.take_outgoing()

    # The steps

    cdef int advance(self, int event) noexcept:
        if OPEN <= self.at < ENDED and (event == PEER_CLOSED or event == PEER_GONE):
            self.has_peer_closed = True
            self.is_cut_off = event == PEER_GONE
        self.at = next_state[self.at][event]
        return 0

    cdef int start(self) except -1:
        self.advance(START)
        return self.handshake()

    cdef int feed(self, const char *data, Py_ssize_t count) except -1:
        """Lends cipher text from the peer, which the steps take from where it stands, until `let_go`."""
        self.let_go()
        self.wire.given = data
        self.wire.given_size = count
        self.count_records(<const unsigned char *>data, count)
        # What goes through `ssl` may run code of the program's, which may read elsewhere into the same place.
        return self.let_go() if self.session == NULL else 0

    cdef int let_go(self) except -1:
        """Keeps what the steps have left of what was fed, if they may ask for it yet: it may be overwritten now."""
        if self.at == ANSWERING or self.at == ENDED:
            drop_incoming(self.wire)
        elif not keep_incoming(self.wire):
            raise MemoryError
        return 0

    cdef int forget_incoming(self) noexcept:
        """Forgets what came from the peer and was not taken."""
        drop_incoming(self.wire)
        return 0

    cdef Py_ssize_t unread(self) except -1:
        """How many bytes from the peer OpenSSL has not taken."""
        cdef Py_ssize_t size = incoming_size(self.wire)
        if self.session == NULL:
            size += self.incoming.pending
        return size

    cdef Py_ssize_t pour(self) except -1:
        """Without a session: sees to it that `ssl` finds a whole record, if there is one; returns how much it added."""
        cdef Py_ssize_t count = 0
        cdef bytes part
        if self.session == NULL and self.incoming.pending < RECORD_MAX:
            count = min(incoming_size(self.wire), <Py_ssize_t>POUR_MAX)
            part = PyBytes_FromStringAndSize(NULL, count)
            # What was kept and what was lent do not come at once.
            count = take_incoming(self.wire, PyBytes_AS_STRING(part), count)
            if count:
                self.incoming.write(part[:count])
        return count

    cdef bint has_drained(self) except -1:
        """Whether `ssl`, which wants more, has seen everything that there is."""
        if self.wire.is_out_of_memory:
            raise MemoryError
        return self.session != NULL or incoming_size(self.wire) == 0

    cdef int count_records(self, const unsigned char *data, Py_ssize_t count) noexcept:
        """Follows the records' headers: type, version (two bytes), length of the body (two bytes)."""
        cdef Py_ssize_t taken
        while count and self.is_framed:
            if self.header_size < HEADER_SIZE:
                if self.header_size == 0 and count >= HEADER_SIZE:
                    memcpy(self.header, data, HEADER_SIZE)
                    taken = HEADER_SIZE
                else:
                    self.header[self.header_size] = data[0]
                    taken = 1
                self.header_size += <int>taken
                data += taken
                count -= taken
                if self.header_size == HEADER_SIZE:
                    self.body_left = (self.header[3] << 8) | self.header[4]
                    if self.header[0] < 20 or self.header[0] > 24 or self.header[1] != 3 or self.body_left == 0:
                        # The first flight of a very old client, or no TLS at all: OpenSSL is asked each time.
                        self.is_framed = False
            else:
                taken = min(count, self.body_left)
                self.body_left -= taken
                data += taken
                count -= taken
                if self.body_left == 0:
                    self.records += 1
                    self.header_size = 0
        return 0

    cdef bint may_decrypt(self) except -1:
        """Whether there may be a record to decrypt. False is certain, True is not."""
        if self.is_framed:
            return self.records > 0
        return self.unread() > 0 or self.pending() > 0

    cdef int handshake(self) except -1:
        """Goes on with the handshake; the state tells whether it is done. Raises ssl.SSLError when it has failed."""
        self.has_outgoing = True
        if self.session != NULL:
            forget_errors()
        self.pour()
        while True:
            try:
                self.ssl_object.do_handshake()
                break
            except WANTS_MORE:
                if self.has_drained():
                    self.records = 0
                    return 0
                if not self.pour():
                    # It has not looked at what there is: it says so for a reason of its own.
                    return 0
        if self.unread() == 0:
            self.records = 0
        self.advance(HANDSHAKE_DONE)
        return 0

    cdef Py_ssize_t pending(self) except -1:
        """How many bytes are decrypted already."""
        return self.engine.pending() if self.session == NULL else unread_of_record(self.session)

    cdef Py_ssize_t decrypt(self, char *room, Py_ssize_t size) except -1:
        """Decrypts one record, or as much of it as there is room for; returns how many bytes, 0 for none.

        After 0, the state tells whether the peer has closed.
        """
        cdef Py_ssize_t count
        if self.session == NULL:
            count = self.decrypt_by_module(room, size)
        else:
            count = read_record(self.session, self.wire, room, size)
            if count == FAILED:
                count = self.decrypt_by_module(room, size)
        if count > 0:
            if size >= RECORD_PLAIN_MAX or self.pending() == 0:
                self.records -= 1
            return count
        # What OpenSSL has answered by itself (an alert, new keys) must go out.
        self.has_outgoing = True
        self.records = 0
        if count == PEER_HAS_CLOSED:
            self.advance(PEER_CLOSED)
        return 0

    cdef Py_ssize_t decrypt_by_module(self, char *room, Py_ssize_t size) except? -1:
        """As `read_record`, but for FAILED: raises what `ssl` raises."""
        cdef bytes data
        size = min(size, <Py_ssize_t>RECORD_PLAIN_MAX)
        self.pour()
        while True:
            try:
                # No view of the room: a class of the program's could keep it.
                data = self.engine.read(size)
                break
            except ZeroReturn:
                return PEER_HAS_CLOSED
            except WANTS_MORE:
                if self.has_drained() or not self.pour():
                    return WAITS
            except BaseException:
                self.has_outgoing = True
                self.records = 0
                raise
        if PyBytes_GET_SIZE(data) > size:
            raise ValueError(f"{self.engine!r}.read({size}) returned {PyBytes_GET_SIZE(data)} bytes")
        memcpy(room, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        return PyBytes_GET_SIZE(data) or PEER_HAS_CLOSED

    cdef int discard(self, char *room, Py_ssize_t size) except -1:
        """Decrypts all that is there and drops it, up to the peer's close_notify."""
        while (self.at == FLUSHING or self.at == CLOSE_SENT) and self.may_decrypt():
            if self.decrypt(room, size) == 0:
                break
        return 0

    cdef Py_ssize_t encrypt(self, const char *data, Py_ssize_t size) except -1:
        """Encrypts `data`; returns its size, or 0 while the peer must speak first: then try the same again."""
        cdef Py_ssize_t count = FAILED
        self.has_outgoing = True
        if self.session != NULL:
            count = write_record(self.session, self.wire, data, size)
        if count < 0:
            count = self.encrypt_by_module(data, size)
        if self.wire.is_out_of_memory:
            raise MemoryError
        return count

    cdef Py_ssize_t encrypt_by_module(self, const char *data, Py_ssize_t size) except -1:
        try:
            return self.engine.write(PyBytes_FromStringAndSize(data, size))
        except WANTS_MORE:
            self.has_drained()
            return 0

    cdef int say_close(self, char *room, Py_ssize_t size) except -1:
        """Puts close_notify behind what was encrypted. Whatever the peer has sent by now is dropped.

        OpenSSL fails for good when it finds the user's bytes while it looks for the peer's close_notify. A peer that
        ended its stream without one gets none either, as from the standard library.
        """
        self.discard(room, size)
        if self.is_cut_off:
            self.advance(FLUSHED)
            return 0
        self.has_outgoing = True
        if self.session != NULL:
            forget_errors()
        try:
            self.ssl_object.unwrap()
        except WANTS_MORE:
            pass
        else:
            self.advance(PEER_CLOSED)
        self.advance(FLUSHED)
        return 0

    cdef int write_into(self, char *room, Py_ssize_t size) noexcept:
        """Has records for the peer written there, where `take_outgoing_in_room` finds them."""
        lend_room(self.wire, room, size)
        return 0

    cdef int stop_writing_into(self) except -1:
        """Ends that. What is still in it can be had by `take_outgoing`."""
        if not take_back_room(self.wire):
            raise MemoryError
        return 0

    cdef Py_ssize_t take_outgoing_in_room(self) noexcept:
        """How many bytes for the peer stand in the room that was lent: the lender's, to be sent before the next step.

        0: `take_outgoing` has what there is.
        """
        cdef Py_ssize_t count = self.wire.room_used
        self.wire.room_used = 0
        self.has_outgoing = count == 0
        return count

    cdef bytes take_outgoing(self):
        """The bytes for the peer that the steps have made, b"" if none."""
        cdef bytes data
        if not self.has_outgoing:
            return b""
        self.has_outgoing = False
        if self.session == NULL:
            return self.outgoing.read()
        if not take_back_room(self.wire):
            raise MemoryError
        data = PyBytes_FromStringAndSize(self.wire.made.start + self.wire.made.first, self.wire.made.size)
        clear_store(&self.wire.made)
        return data
