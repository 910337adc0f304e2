"""A TLS connection over another transport that carries its records: the bytes' way up, down, and to the end.

The machine (`machine.pyx`) says where the connection stands; this class moves the bytes. What the lower transport has
read is decrypted from where it stands into one buffer that all TLS connections of the loop share, and is given to the
protocol in one call where it fits. What the protocol does not want yet, or is only the start of a record, the machine
keeps. What the protocol writes is queued as plain text, and encrypted when the callback that wrote it is over: a header
and a body become one record and one system call. While the lower transport is full, plain text waits here. So an idle
connection holds no buffer at all.

The protocol hears `connection_made` once the handshake is done and `connection_lost` once, last. A handshake and a
shutdown have time limits. Semantics, log messages and error texts are those of the standard library's TLS transport.
`TlsTransport` adds what users call; `WireProtocol` calls the first section here.
"""

import asyncio
import logging
import ssl

from cpython.buffer cimport PyBuffer_Release
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.ref cimport PyObject

from ouroloop.kernel.errors cimport raise_again, take_raised
from ouroloop.loop.core cimport Watcher
from ouroloop.tls.machine cimport (
    ANSWERING,
    CLOSE_SENT,
    ENDED,
    FLUSHING,
    HANDSHAKE,
    LOST,
    OPEN,
    PEER_GONE,
    RECORD_PLAIN_MAX,
)
from ouroloop.tls.record_buffers cimport CIPHER_SIZE, PLAIN_SIZE
from ouroloop.transport.large_read cimport LARGE_READ, ROOM_MAX, fitted
from ouroloop.transport.protocol_buffer cimport open_buffer
from ouroloop.transport.stream cimport StreamTransport
from ouroloop.transport.write_queue cimport WriteQueue

cdef extern from "Python.h":
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
    PyObject *PyObject_CallMethodOneArg(object of, object name, object argument)
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *data, Py_ssize_t size) except NULL
    char *bytes_of "PyBytes_AS_STRING"(PyObject *data)
    unsigned long PyThread_get_thread_ident()
    void Py_DECREF(PyObject *owned)

cdef enum:
    CHUNK = 8 * RECORD_PLAIN_MAX      # bytes encrypted at once, and sent in one system call
    CORK_LIMIT = 64 * 1024            # bytes that may wait for the end of a callback
    OBJECT_FROM = 512                 # bytes of cipher text from which on an object for them saves more than it costs

cdef object CancelledError = asyncio.CancelledError
cdef object CertificateError = ssl.CertificateError
cdef tuple ENDS_THE_LOOP = (SystemExit, KeyboardInterrupt)
cdef object logger = logging.getLogger("asyncio")


cdef class TlsConnection(Watcher):
    """What a TLS transport does by itself."""

    # What the lower transport tells

    cdef int connected(self, object lower) except -1:
        """The connection below stands: the handshake begins."""
        self.lower = lower
        if isinstance(lower, TlsConnection):
            (<TlsConnection>lower).context = self.context
        elif type(lower) is StreamTransport:
            self.stream = <StreamTransport>lower
            if self.is_made:
                self.stream.context = self.context
            else:
                self.context = self.stream.context
        if self.machine.at == ENDED:
            return self.drop_lower(None)
        if self.is_made and getattr(lower, "_protocol_paused", False):
            # The protocol was told so before `start_tls`; that it may go on it hears from us.
            self.is_blocked = self.flow.is_paused = True
        if self._loop.get_debug():
            logger.debug("%r starts SSL handshake", self)
            self.handshake_started = self.core.now()
        self.limit(self.handshake_timeout, self._handshake_takes_long)
        try:
            self.machine.start()
        except BaseException as error:
            return self.fatal(error, "SSL handshake failed")
        self.pass_outgoing()
        return 0

    cdef int received(self, const char *data, Py_ssize_t count) except -1:
        cdef bytes copied
        if self.buffers.plain <= data < self.buffers.plain + PLAIN_SIZE:
            # From a TLS connection below this one: what is decrypted would overwrite what is yet to be.
            copied = PyBytes_FromStringAndSize(data, count)
            data = PyBytes_AS_STRING(copied)
        self.machine.feed(data, count)
        if self.is_calling or (self.is_paused and not self.is_closed and self.machine.at == OPEN):
            # For later: behind what is being processed, or until the protocol reads again.
            self.machine.let_go()
            return self.control_reading()
        self.process()
        return self.after_calls()

    cdef int stream_ended(self) except -1:
        """The stream below has ended. Without close_notify before, that ends the connection like one."""
        self.is_stream_ended = True
        if self._loop.get_debug():
            logger.debug("%r received EOF", self)
        if self.machine.at <= HANDSHAKE:
            return self.fatal(ConnectionResetError(), "SSL handshake failed")
        if self.machine.at == OPEN and (self.is_paused or self.machine.may_decrypt()):
            return 0  # what is unread comes first: `take_unread` goes on
        self.machine.advance(PEER_GONE)
        return self.finish()

    cdef int block(self) except -1:
        self.is_blocked = True
        return 0

    cdef int unblock(self) except -1:
        self.is_blocked = False
        return self.flush()

    cdef int lost(self, object error) except -1:
        """The connection below is gone, and so is this one."""
        cdef object protocol = self.protocol
        cdef object server = self.server
        if self.failure is not None:
            error = self.failure
        self.machine.advance(LOST)
        self.is_closed = self.is_lower_closed = True
        self.queue.clear()
        self.machine.forget_incoming()
        self.lift_limit()
        self.wake(error or ConnectionAbortedError("the connection was closed during the SSL handshake"))
        self.protocol = self.native = self.wire = self.server = None
        try:
            if self.is_made and protocol is not None:
                protocol.connection_lost(error)
        finally:
            if server is not None:
                server._detach(self)
        return 0

    # The handshake

    cdef int shake(self) except -1:
        """Goes on with the handshake."""
        try:
            self.machine.handshake()
        except BaseException as error:
            text = "SSL handshake failed"
            if isinstance(error, CertificateError):
                text = "SSL handshake failed on verifying the certificate"
            return self.fatal(error, text)
        self.pass_outgoing()
        return self.made() if self.machine.at == OPEN else 0

    cdef int made(self) except -1:
        """The handshake is over: the protocol has its connection."""
        self.lift_limit()
        self.is_ready = True
        if self._loop.get_debug():
            logger.debug("%r: SSL handshake took %.1f ms", self, (self.core.now() - self.handshake_started) * 1e3)
        if not self.is_made:
            self.is_made = True
            try:
                self.protocol.connection_made(self)
            except BaseException as error:
                return self.fatal(error, "Fatal error: protocol.connection_made() call failed.")
        self.is_corked = True  # what was written before the handshake was over
        return self.wake(None)

    def _handshake_takes_long(self):
        if self.machine.at <= HANDSHAKE:
            self.fatal(
                ConnectionAbortedError(
                    f"SSL handshake is taking longer than {self.handshake_timeout} seconds: aborting the connection"
                ),
                "Fatal error on transport",
            )

    # Reading, inside

    cdef int process(self) except -1:
        """Gives the protocol what is in the cipher text that the machine has, until the protocol pauses."""
        cdef Py_ssize_t unread
        self.is_calling = True
        try:
            while True:
                unread = self.machine.unread()
                if self.machine.at == HANDSHAKE and unread:
                    self.machine.let_go()
                    self.shake()
                    if self.machine.at == HANDSHAKE and self.machine.unread() == unread:
                        break
                elif not self.machine.may_decrypt():
                    break
                elif self.machine.at == OPEN and not self.is_closed:
                    if self.is_paused:
                        break
                    if self.is_buffered and self.native is None:
                        self.fill_protocol()
                    else:
                        self.read_records()
                elif self.machine.at == FLUSHING or self.machine.at == CLOSE_SENT:
                    self.machine.discard(self.buffers.plain, PLAIN_SIZE)
                else:
                    break
        except BaseException as error:
            self.fatal(error, "Fatal error on SSL protocol")
        finally:
            # Also when Ctrl-C comes through: the loop may go on afterwards.
            self.is_calling = False
            self.machine.let_go()
        return 0

    cdef int read_records(self) except -1:
        """Decrypts what there is into the shared buffer, or much of it into an object, and hands it over once."""
        cdef Py_ssize_t filled = 0
        if self.wants_object():
            return self.read_object()
        try:
            while PLAIN_SIZE - filled >= RECORD_PLAIN_MAX and self.machine.may_decrypt() and self.machine.at == OPEN:
                filled += self.machine.decrypt(self.buffers.plain + filled, PLAIN_SIZE - filled)
        except BaseException as error:
            # What came before it is good, and the user's.
            if filled and not isinstance(error, ENDS_THE_LOOP):
                self.hand_over(filled)
            raise
        return self.hand_over(filled) if filled else 0

    cdef bint wants_object(self) except -1:
        if self.native is None:
            return self.machine.unread() >= OBJECT_FROM
        return self.native.keeps_bytes and self.machine.unread() >= LARGE_READ

    cdef int read_object(self) except -1:
        cdef Py_ssize_t filled = 0
        cdef Py_ssize_t room = min(self.machine.unread(), <Py_ssize_t>ROOM_MAX)
        cdef PyObject *data = new_bytes(NULL, room)
        try:
            while filled < room and self.machine.may_decrypt() and self.machine.at == OPEN:
                filled += self.machine.decrypt(bytes_of(data) + filled, room - filled)
        except BaseException as error:
            if filled and not isinstance(error, ENDS_THE_LOOP):
                self.hand_over_object(fitted(data, filled))
            else:
                Py_DECREF(data)
            raise
        if filled:
            return self.hand_over_object(fitted(data, filled))
        Py_DECREF(data)
        return 0

    cdef int hand_over(self, Py_ssize_t count) except -1:
        """Gives the protocol the first bytes of the shared buffer."""
        if self.native is not None:
            self.machine.let_go()
            return self.native.received(self.buffers.plain, count)
        return self.hand_over_object(PyBytes_FromStringAndSize(self.buffers.plain, count))

    cdef int hand_over_object(self, bytes data) except -1:
        # The protocol may read from another socket into the place where the rest of the cipher text stands.
        self.machine.let_go()
        if self.native is not None:
            return self.native.received_bytes(data)
        cdef PyObject *result = PyObject_CallMethodOneArg(self.protocol, "data_received", data)
        if result == NULL:
            return raise_again(take_raised())
        Py_DECREF(result)
        return 0

    cdef int fill_protocol(self) except -1:
        """Decrypts into the protocol's own buffer."""
        cdef Py_ssize_t filled = 0
        cdef Py_buffer room
        self.machine.let_go()
        open_buffer(self.protocol.get_buffer(self.get_read_buffer_size()), &room, "read() argument 2")
        try:
            if room.len == 0:
                raise RuntimeError("get_buffer() returned an empty buffer")
            while filled < room.len and self.machine.may_decrypt() and self.machine.at == OPEN:
                filled += self.machine.decrypt(<char *>room.buf + filled, room.len - filled)
        finally:
            PyBuffer_Release(&room)
        if filled:
            self.protocol.buffer_updated(filled)
        return 0

    cdef int take_unread(self) except -1:
        """Goes on with what came while reading was paused, or drops it once the connection is closed."""
        self.process()
        if self.is_stream_ended and (self.is_closed or not self.is_paused):
            self.machine.advance(PEER_GONE)
        return self.after_calls()

    cdef int after_calls(self) except -1:
        """Does what waited for the end of the protocol's callbacks."""
        if self.machine.at == ANSWERING or self.machine.at == ENDED:
            return self.finish()
        if self.machine.has_outgoing or self.is_corked:
            self.flush()
        return self.control_reading()

    cdef int control_reading(self) except -1:
        """Pauses the lower transport while too much is unread."""
        if self.lower is None or self.is_lower_closed:
            return 0
        cdef bint is_wanted = self.is_closed or not self.is_paused
        if self.is_lower_paused:
            if is_wanted or self.machine.unread() <= self.read_low_water:
                self.is_lower_paused = False
                self.lower.resume_reading()
        elif not is_wanted and self.machine.unread() >= self.read_high_water:
            self.is_lower_paused = True
            self.lower.pause_reading()
        return 0

    cdef int tell_eof(self) except -1:
        """The peer has closed: the protocol hears of it, once."""
        if self.is_eof_told or not self.machine.has_peer_closed or self.protocol is None:
            return 0
        self.is_eof_told = True
        try:
            if self.protocol.eof_received():
                logger.warning("returning true from eof_received() has no effect when using ssl")
        except BaseException as error:
            return self.fatal(error, "Error calling eof_received()")
        return 0

    # Writing, inside

    cdef int settle(self) except -1:
        if not self.is_corked:
            return 0
        PyContext_Enter(self.context)
        try:
            self.flush()
        finally:
            PyContext_Exit(self.context)
        return 0

    cdef int send_soon(self) except -1:
        """Sends what was queued now: at the end of the running callback if it is small, else at once."""
        if self.is_blocked or self.machine.at <= HANDSHAKE:
            return self.control_writing()
        if self.queue.size <= CORK_LIMIT and self.queue.size <= self.flow.high_water:
            if self.is_calling or self.is_corked:
                self.is_corked = True
                return 0
            if self.core.thread_ident == PyThread_get_thread_ident():
                self.is_corked = True
                return self.core.cork(self)
        return self.flush()

    cdef int flush(self) except -1:
        """Encrypts what the lower transport takes; when the connection is closed, close_notify comes behind it."""
        if self.is_flushing:
            # The lower transport has called back from within a write, and the protocol has answered.
            self.is_corked = True
            return 0
        self.is_flushing = self.is_corked = True
        try:
            while self.is_corked:
                self.is_corked = False
                self.encrypt_queued()
        except BaseException as error:
            self.fatal(error, "Fatal error on SSL protocol")
        finally:
            self.is_flushing = False
        self.control_writing()
        if self.machine.at == ENDED:
            self.close_lower()
        return self.limit_shutdown() if self.is_closed else 0

    cdef int encrypt_queued(self) except -1:
        if not OPEN <= self.machine.at <= ANSWERING:
            return self.pass_outgoing()
        # Only one connection's records stand there. A finalizer or a signal may have another one flush meanwhile.
        cdef bint is_lender = not self.buffers.is_lent
        if is_lender:
            self.buffers.is_lent = True
            self.machine.write_into(self.buffers.cipher, CIPHER_SIZE)
        try:
            self.encrypt_chunks()
            if self.is_closed and self.queue.size == 0:
                self.machine.finish()
                if self.is_stream_ended:
                    self.machine.advance(PEER_GONE)
                self.pass_outgoing()
                self.control_reading()
                self.tell_eof()
            return self.pass_outgoing()
        finally:
            if is_lender:
                self.buffers.is_lent = False
                self.machine.stop_writing_into()

    cdef int encrypt_chunks(self) except -1:
        cdef Py_ssize_t count, place
        # The memory buffer of `ssl` keeps the size that it once had.
        cdef Py_ssize_t chunk_max = CHUNK if self.machine.session != NULL else 2 * RECORD_PLAIN_MAX
        cdef bytes chunk
        while self.queue.size and not self.is_blocked:
            chunk = self.next_chunk(&place)
            count = min(PyBytes_GET_SIZE(chunk) - place, chunk_max)
            count = self.machine.encrypt(PyBytes_AS_STRING(chunk) + place, count)
            if count == 0:
                break
            self.queue.consume(count)
            if self.queue.size:
                self.pass_outgoing()
        return 0

    cdef bytes next_chunk(self, Py_ssize_t *place):
        """What to encrypt next, from `place` on: a large buffer's next part, or small ones joined."""
        cdef WriteQueue queue = self.queue
        cdef bytes first = <bytes>queue.parts[0]
        cdef Py_ssize_t size = PyBytes_GET_SIZE(first) - queue.offset
        cdef Py_ssize_t index
        cdef bytes part
        place[0] = queue.offset
        if size >= CHUNK or queue.count == 1:
            return first
        place[0] = 0
        joined = [first[queue.offset :] if queue.offset else first]
        for index in range(1, queue.count):
            part = <bytes>queue.parts[index]
            size += PyBytes_GET_SIZE(part)
            if size > CHUNK:
                break
            joined.append(part)
        return b"".join(joined)

    cdef int pass_outgoing(self) except -1:
        """Gives the lower transport what the machine has for the peer; a record by itself need not become an object."""
        cdef Py_ssize_t count
        cdef bytes data
        if not self.machine.has_outgoing:
            return 0
        if self.stream is not None:
            count = self.machine.take_outgoing_in_room()
            if count:
                return self.stream.send_at_once(self.machine.wire.room, count) if not self.is_lower_closed else 0
        data = self.machine.take_outgoing()
        if PyBytes_GET_SIZE(data) == 0 or self.is_lower_closed:
            return 0
        if self.stream is not None:
            return self.stream.send_bytes(data)
        self.lower.write(data)
        return 0

    cdef int control_writing(self) except -1:
        """Tells the protocol to pause above the high-water mark, and to resume at the low one."""
        if self.protocol is None:
            return 0
        if self.flow.pauses_at(self.queue.size):
            return self.tell_protocol("pause_writing")
        return self.tell_protocol("resume_writing") if self.flow.resumes_at(self.queue.size) else 0

    cdef int tell_protocol(self, str method) except -1:
        try:
            getattr(self.protocol, method)()
        except BaseException as error:
            if isinstance(error, ENDS_THE_LOOP):
                raise
            context = {"message": f"protocol.{method}() failed", "exception": error}
            self._loop.call_exception_handler({**context, "transport": self, "protocol": self.protocol})
        return 0

    # Closing, inside

    cdef int finish(self) except -1:
        """The peer has closed, or the connection is over: what is left to send goes out, then the lower one closes."""
        self.tell_eof()
        if self.machine.at == ANSWERING and not self.is_closed:
            self.is_closed = True
        return self.flush()

    cdef int force_close(self, object error) except -1:
        """Drops everything and closes at once."""
        self.machine.advance(LOST)
        self.is_closed = True
        self.queue.clear()
        self.machine.forget_incoming()
        self.lift_limit()
        return self.drop_lower(error)

    cdef int close_lower(self) except -1:
        """Closes the lower transport once it has sent what it has."""
        if self.is_lower_closed or self.lower is None:
            return 0
        self.is_lower_closed = True
        self.lower.close()
        return 0

    cdef int drop_lower(self, object error) except -1:
        """Closes the lower transport at once."""
        self.is_lower_closed = True
        if self.stream is not None:
            return self.stream.force_close(error)
        if self.lower is not None:
            if hasattr(self.lower, "_force_close"):
                self.lower._force_close(error)
            else:
                self.lower.abort()
        return 0

    cdef Py_ssize_t unsent(self) except -1:
        """Bytes that the kernel has not taken yet."""
        if self.stream is not None:
            return self.queue.size + self.stream.queue.size
        return self.queue.size + self.lower.get_write_buffer_size()

    cdef int limit_shutdown(self) except -1:
        if self.timer is not None or self.protocol is None or self.lower is None:
            return 0
        self.unsent_last = self.unsent()
        if self.machine.at != ENDED or self.unsent_last:
            self.limit(self.shutdown_timeout, self._shutdown_takes_long)
        return 0

    def _shutdown_takes_long(self):
        """The limit counts from the last byte that went out: a slow peer that reads is not cut off."""
        cdef Py_ssize_t unsent = self.unsent()
        self.timer = None
        if unsent and unsent < self.unsent_last:
            self.limit_shutdown()
        else:
            self.force_close(TimeoutError("SSL shutdown timed out"))

    cdef int limit(self, object seconds, object callback) except -1:
        """Has `callback` called after some seconds, unless `lift_limit` comes first."""
        self.lift_limit()
        self.timer = self._loop.call_later(seconds, callback, context=self.context)
        return 0

    cdef int lift_limit(self) except -1:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        return 0

    cdef int wake(self, object error) except -1:
        """Tells who waits for the handshake."""
        waiter = self.waiter
        self.waiter = None
        if waiter is not None and not waiter.done():
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)
        return 0

    cdef int end_because_of(self, object error) except -1:
        """Closes at once, unless an alert for the peer has to wait its turn."""
        cdef bint may_have_alert = self.machine.has_outgoing
        self.pass_outgoing()
        if self.stream is None or not may_have_alert or self.is_lower_closed:
            return self.force_close(error)
        if self.stream.is_corked:
            self.stream.flush()
        if self.stream.queue.size == 0 or self.stream.lost_count:
            return self.force_close(error)
        self.failure = error
        self.machine.advance(LOST)
        self.is_closed = True
        self.queue.clear()
        self.machine.forget_incoming()
        self.lift_limit()
        self.close_lower()
        return self.limit_shutdown()

    cdef int fatal(self, object error, str message) except -1:
        """Closes because of `error`; the peer gets the alert that OpenSSL has for it."""
        cdef bint was_handshake = not self.is_ready
        cdef object protocol = self.protocol
        if isinstance(error, ENDS_THE_LOOP):
            return raise_again(error)
        self.end_because_of(error)
        if was_handshake and self.is_accepted:
            # Nobody waits for it, and strangers must not fill the log.
            message = "Error on transport creation for incoming connection"
            is_quiet = not self._loop.get_debug()
        else:
            is_quiet = isinstance(error, (OSError, CancelledError))
        if is_quiet:
            if self._loop.get_debug():
                logger.debug("%r: %s", self, message, exc_info=error)
        else:
            self._loop.call_exception_handler(
                {"message": message, "exception": error, "transport": self, "protocol": protocol}
            )
        # Who waits hears of it when the connection is gone, if that takes longer than this callback.
        return self.wake(error) if self.failure is None else 0
