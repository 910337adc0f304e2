"""TLS without I/O: cipher text, plain text and wishes go in; cipher text, plain text and a new state come out.

The machine owns an `ssl.SSLObject` between two memory buffers. Whoever drives it feeds what the peer sent, calls the
step that the state asks for, and sends what `take_outgoing` gives. Where the connection stands is decided by the table
in `states.py` alone.

Asking OpenSSL for a record that is not there costs more than decrypting a small one, because the answer is an
exception. The machine therefore reads the headers of the records that it is fed, and asks for those that are whole.
"""

import ssl

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.ref cimport PyObject

from ouroloop.kernel.errors cimport raise_again, take_raised

from ouroloop.tls import states
from ouroloop.tls.states import Event, State

cdef extern from "Python.h":
    PyObject *PyObject_Call(object callable, object arguments, PyObject *keywords)
    PyObject *PyObject_CallOneArg(object callable, object argument)
    object PyObject_CallNoArgs(object callable)
    object PyMemoryView_FromMemory(char *memory, Py_ssize_t size, int flags)
    long PyLong_AsLong(object number) except? -1
    Py_ssize_t PyObject_Length(object sized) except -1
    void Py_DECREF(PyObject *owned)
    int PyBUF_READ

cdef enum:
    STATE_COUNT = 7
    EVENT_COUNT = 7
    HEADER_SIZE = 5
    COPY_BELOW = 4096                 # bytes; copying so few costs less than a view of them

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

    def __init__(self, context, *, server_side=False, server_hostname=None):
        self.context = context
        self.incoming = MemoryBIO()
        self.outgoing = MemoryBIO()
        self.ssl_object = context.wrap_bio(
            self.incoming, self.outgoing, server_side=server_side, server_hostname=server_hostname
        )
        # A subclass may do something of its own in its methods.
        self.is_direct = type(self.ssl_object) is SSLObject
        self.engine = self.ssl_object._sslobj if self.is_direct else self.ssl_object
        self.engine_read = self.engine.read
        self.engine_write = self.engine.write
        self.incoming_write = self.incoming.write
        self.outgoing_read = self.outgoing.read

    @property
    def state(self):
        """Where the connection stands, a `State`."""
        return State(self.at)

    # For whoever drives the machine from Python: tests, and transports that are not sockets.

    def begin(self):
        """Starts the handshake."""
        self.start()

    def receive(self, data):
        """Takes what the peer sent, any part of the stream; returns the plain text in it."""
        cdef bytes given = bytes(data)
        cdef const char *place = given
        cdef Py_ssize_t left = len(given)
        cdef Py_ssize_t count
        cdef bytearray plain = bytearray()
        room = bytearray(RECORD_PLAIN_MAX)
        while left or (OPEN <= self.at <= FLUSHING and self.may_decrypt()):
            count = min(left, <Py_ssize_t>FEED_MAX)
            if count:
                self.feed(place, count)
            place += count
            left -= count
            if self.at == HANDSHAKE:
                self.handshake()
            while OPEN <= self.at <= FLUSHING and self.may_decrypt():
                count = self.decrypt((RECORD_PLAIN_MAX, room), RECORD_PLAIN_MAX)
                plain += room[:count]
            if self.at == CLOSE_SENT:
                self.discard((RECORD_PLAIN_MAX, room), RECORD_PLAIN_MAX)
        return bytes(plain)

    def send(self, data):
        """Encrypts the user's bytes; returns how many of them were taken, 0 while the peer must speak first."""
        return self.encrypt(bytes(data))

    def close(self):
        """Ends the user's side: with close_notify, once it was open."""
        self.advance(CLOSE)
        self.finish()

    def finish(self):
        """Sends close_notify, if the state asks for it."""
        if self.at == FLUSHING or self.at == ANSWERING:
            self.say_close((RECORD_PLAIN_MAX, bytearray(RECORD_PLAIN_MAX)), RECORD_PLAIN_MAX)

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
        """Takes cipher text from the peer; it is copied."""
        cdef object part
        if count < COPY_BELOW:
            part = PyBytes_FromStringAndSize(data, count)
        else:
            part = PyMemoryView_FromMemory(<char *>data, count, PyBUF_READ)
        cdef PyObject *result = PyObject_CallOneArg(self.incoming_write, part)
        if result == NULL:
            return raise_again(take_raised())
        Py_DECREF(result)
        return self.count_records(<const unsigned char *>data, count)

    cdef int count_records(self, const unsigned char *data, Py_ssize_t count) noexcept:
        """Follows the records' headers: type, version (two bytes), length of the body (two bytes)."""
        cdef Py_ssize_t taken
        while count > 0 and self.is_framed:
            if self.body_left:
                taken = min(count, self.body_left)
                self.body_left -= taken
                data += taken
                count -= taken
                if self.body_left:
                    return 0
                self.records += 1
                self.header_size = 0
                continue
            self.header[self.header_size] = data[0]
            self.header_size += 1
            data += 1
            count -= 1
            if self.header_size == HEADER_SIZE:
                self.body_left = (self.header[3] << 8) | self.header[4]
                if self.header[0] < 20 or self.header[0] > 24 or self.header[1] != 3 or self.body_left == 0:
                    # The first flight of a very old client, or no TLS at all: OpenSSL is asked each time.
                    self.is_framed = False
        return 0

    cdef bint may_decrypt(self) except -1:
        """Whether there may be a record to decrypt. False is certain, True is not."""
        if self.is_framed:
            return self.records > 0
        return self.incoming.pending > 0 or self.engine.pending() > 0

    cdef int handshake(self) except -1:
        """Goes on with the handshake; the state tells whether it is done. Raises ssl.SSLError when it has failed."""
        self.has_outgoing = True
        try:
            self.ssl_object.do_handshake()
        except WANTS_MORE:
            self.records = 0
            return 0
        if self.incoming.pending == 0:
            self.records = 0
        self.advance(HANDSHAKE_DONE)
        return 0

    cdef Py_ssize_t decrypt(self, tuple room, Py_ssize_t size) except -1:
        """Decrypts one record, or as much of it as there is room for; returns how many bytes, 0 for none.

        room: (size, a writable buffer of that size). After 0, the state tells whether the peer has closed.
        """
        cdef PyObject *result = PyObject_Call(self.engine_read, room, NULL)
        cdef Py_ssize_t count
        if result != NULL:
            count = PyLong_AsLong(<object>result)
            Py_DECREF(result)
            if count > 0:
                if size >= RECORD_PLAIN_MAX or self.engine.pending() == 0:
                    self.records -= 1
                return count
            self.advance(PEER_CLOSED)
            self.records = 0
            return 0
        error = take_raised()
        # What OpenSSL has answered by itself (an alert, new keys) must go out.
        self.has_outgoing = True
        self.records = 0
        if isinstance(error, ZeroReturn):
            self.advance(PEER_CLOSED)
        elif not isinstance(error, WANTS_MORE):
            raise_again(error)
        return 0

    cdef int discard(self, tuple room, Py_ssize_t size) except -1:
        """Decrypts all that is there and drops it, up to the peer's close_notify."""
        while (self.at == FLUSHING or self.at == CLOSE_SENT) and self.may_decrypt():
            if self.decrypt(room, size) == 0:
                break
        return 0

    cdef Py_ssize_t encrypt(self, object data) except -1:
        """Encrypts `data`; returns its length, or 0 while the peer must speak first: then try the same again."""
        self.has_outgoing = True
        cdef PyObject *result = PyObject_CallOneArg(self.engine_write, data)
        cdef Py_ssize_t count
        if result != NULL:
            count = PyLong_AsLong(<object>result)
            Py_DECREF(result)
            return count
        error = take_raised()
        if isinstance(error, WANTS_MORE):
            return 0
        return raise_again(error)

    cdef int say_close(self, tuple room, Py_ssize_t size) except -1:
        """Puts close_notify behind what was encrypted. Whatever the peer has sent by now is dropped.

        OpenSSL fails for good when it finds the user's bytes while it looks for the peer's close_notify. A peer that
        ended its stream without one gets none either, as from the standard library.
        """
        self.discard(room, size)
        if self.is_cut_off:
            self.advance(FLUSHED)
            return 0
        self.has_outgoing = True
        try:
            self.ssl_object.unwrap()
        except WANTS_MORE:
            pass
        else:
            self.advance(PEER_CLOSED)
        self.advance(FLUSHED)
        return 0

    cdef bytes take_outgoing(self):
        """The bytes for the peer that the steps have made, b"" if none."""
        if not self.has_outgoing:
            return b""
        self.has_outgoing = False
        return <bytes>PyObject_CallNoArgs(self.outgoing_read)
