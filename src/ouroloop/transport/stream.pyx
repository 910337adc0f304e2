"""A connected stream socket as an asyncio transport: reading into a protocol, writing with back-pressure, closing.

The transport owns its descriptor: it is closed once, after it has left the poller. It is its own entry in the ready
queue: the poller's report is noted in `pending`, and `run` reads or writes in the context that the transport was made
in. `connection_made` comes first, `connection_lost` last and once.

A small write waits until the callback that made it is over, so that a header and a body go out as one system call, and
for a few other callbacks at most (see `ouroloop.loop.core`); a larger one, one from outside the loop's callbacks, and
one of a mutable buffer is tried at once. What the kernel does not take is queued, mutable buffers as copies, and sent
when the socket is writable again.

Semantics, log messages and error texts are those of the standard library's socket transport.
"""

import asyncio
import logging
import socket

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.ref cimport PyObject
from libc.errno cimport EAGAIN, EINTR

from ouroloop.kernel.errors cimport os_error, take_raised
from ouroloop.kernel.sockets cimport receive, send_one, set_no_delay, shut_down_writing
from ouroloop.loop.core cimport LoopCore
from ouroloop.poller.poller cimport READABLE, WRITABLE
from ouroloop.transport.endpoint cimport Endpoint
from ouroloop.transport.flow_control cimport FlowControl
from ouroloop.transport.large_read cimport receive_object, room_after
from ouroloop.transport.native_protocol cimport NativeProtocol
from ouroloop.transport.protocol_buffer cimport open_buffer
from ouroloop.transport.write_queue cimport WriteQueue

cdef extern from "Python.h":
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
    object PyContext_CopyCurrent()
    PyObject *PyObject_CallMethodOneArg(object of, object name, object argument)
    PyObject *PyObject_CallMethodNoArgs(object of, object name)
    unsigned long PyThread_get_thread_ident()
    void Py_DECREF(PyObject *owned)

cdef enum:
    CORK_LIMIT = 64 * 1024          # bytes that may wait for the end of a callback
    HOT_ANSWER = 4 * 1024           # bytes from which on an answer is sent while what it is made of is in the cache
    WARN_AFTER_LOST_WRITES = 5      # as the standard library's LOG_THRESHOLD_FOR_CONNLOST_WRITES

cdef object TRANSPORT_CONTRACT = asyncio.Transport
cdef object BufferedProtocol = asyncio.BufferedProtocol
cdef tuple INTERNET_FAMILIES = (socket.AF_INET, socket.AF_INET6)
cdef object TRY_NATIVE = asyncio.constants._SendfileMode.TRY_NATIVE
cdef object logger = logging.getLogger("asyncio")
# As the newest standard library says it, which takes no other buffers either.
cdef str WRONG_DATA = "data argument must be a bytes, bytearray, or memoryview object"


cdef class StreamTransport(Endpoint):
    """StreamTransport(loop, sock, protocol, waiter=None, *, server=None)
--

    A connection over a stream socket, as `asyncio.Transport`.

    sock: a connected, non-blocking `socket.socket`, which the transport owns from now on. waiter: a future to complete
    once `connection_made` was called. server: told of the connection by `_attach(transport)` and `_detach(transport)`.
    """

    def __init__(self, LoopCore loop not None, sock, protocol, waiter=None, *, server=None):
        self.check_protocol(protocol)
        self.sock = sock
        self.family = sock.family
        self.protocol_number = sock.proto
        self.waiter = waiter
        self.server = server
        self.adopt(loop, sock.fileno(), protocol, PyContext_CopyCurrent())

    def __cinit__(self):
        # Closed, until `adopt` gives it a connection.
        self.is_closed = True
        self.lost_count = 1
        self.queue = WriteQueue()
        self.flow = FlowControl()

    @property
    def __class__(self):
        # isinstance(transport, asyncio.Transport) holds in other people's code, although the class is our own.
        return TRANSPORT_CONTRACT

    # `start_tls` and `sendfile` ask for these.
    _start_tls_compatible = True
    _sendfile_compatible = TRY_NATIVE

    @property
    def _protocol_paused(self):
        return self.flow.is_paused

    cdef int adopt(self, LoopCore core, int fd, object protocol, object context) except -1:
        self.own_descriptor(core, fd, context)
        self.is_closed = False
        self.lost_count = 0
        self.set_protocol(protocol)
        if self.family in INTERNET_FAMILIES:
            set_no_delay(fd)
        if self.server is not None:
            self.server._attach(self)
        self.is_queued = True
        return core.push(self)

    # What a user asks

    def set_protocol(self, protocol):
        """Gives what arrives from now on to `protocol`."""
        self.protocol = protocol
        self.is_buffered = isinstance(protocol, BufferedProtocol)
        self.native = None
        if isinstance(protocol, NativeProtocol) and (<NativeProtocol>protocol).takes_bytes:
            self.native = <NativeProtocol>protocol

    def is_closing(self):
        """True once the transport is closed or about to be."""
        return self.is_closed

    def __repr__(self):
        if self.fd < 0:
            return f"<{type(self).__name__} closed>"
        parts = [type(self).__name__]
        if self.is_closed:
            parts.append("closing")
        parts.append(f"fd={self.fd}")
        parts.append(f"read={'polling' if self.is_reading() and self.is_started else 'idle'}")
        parts.append(f"write=<{'polling' if self.queue.size else 'idle'}, bufsize={self.queue.size}>")
        return f"<{' '.join(parts)}>"

    # Reading

    def is_reading(self):
        """True while what arrives is given to the protocol."""
        return not self.is_closed and not self.is_paused

    def pause_reading(self):
        """Stops reading until `resume_reading()`. Pausing twice changes nothing."""
        if self.is_closed or self.is_paused:
            return
        self.is_paused = True
        self.update_interest()

    def resume_reading(self):
        """Reads again after `pause_reading()`."""
        if self.is_closed or not self.is_paused:
            return
        self.is_paused = False
        self.update_interest()

    # Writing

    def write(self, data):
        """Sends bytes, without waiting: what the kernel does not take is queued.

        data: bytes, bytearray or a contiguous memoryview; a mutable one may be changed afterwards.
        Raises TypeError for anything else, RuntimeError after `write_eof()`.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"{WRONG_DATA}, not {type(data).__name__!r}")
        if self.is_eof_written or self.sends_file:
            raise RuntimeError(self.why_not("write"))
        if len(data) == 0:
            return
        if self.lost_count:
            self.count_lost_write()
            return
        self.enqueue(data)
        self.send_soon()

    def writelines(self, list_of_data):
        """Sends several buffers, one after the other; see `write`."""
        if self.is_eof_written or self.sends_file:
            raise RuntimeError(self.why_not("writelines"))
        parts = [
            data if isinstance(data, (bytes, bytearray, memoryview)) else memoryview(data) for data in list_of_data
        ]
        if self.lost_count:
            self.count_lost_write()
            return
        for data in parts:
            if len(data) != 0 and not self.lost_count:
                self.enqueue(data)
        if self.queue.size:
            self.send_soon()

    def write_eof(self):
        """Sends what is queued, and then the end of file; the other direction stays open."""
        if self.is_closed or self.is_eof_written:
            return
        self.settle()
        self.is_eof_written = True
        cdef int result
        if self.queue.size == 0 and not self.lost_count and not self.sends_file:
            result = shut_down_writing(self.fd)
            if result < 0:
                raise os_error(-result)

    def can_write_eof(self):
        """True: a stream socket can be closed in one direction."""
        return True

    def get_write_buffer_size(self):
        """How many bytes are queued."""
        self.settle()
        return self.queue.size

    def get_write_buffer_limits(self):
        """The low- and the high-water mark, in bytes."""
        return self.flow.low_water, self.flow.high_water

    def set_write_buffer_limits(self, high=None, low=None):
        """Sets the marks, in bytes queued, between which the protocol is told to pause and to resume writing."""
        self.settle()
        self.flow.set_limits(high, low)
        self.pause_protocol_if_full()

    # Closing

    def close(self):
        """Sends what is queued, then closes; `connection_lost(None)` follows."""
        if self.is_closed:
            return
        self.is_closed = True
        if self.is_corked:
            self.flush()
            if self.lost_count:
                return
        if self.queue.size == 0 and not self.sends_file:
            self.lost_count += 1
            self.lose(None)
        self.update_interest()

    def abort(self):
        """Drops what is queued and closes at once; `connection_lost(None)` follows."""
        if self.is_corked:
            # Only a small write of this very callback: to whoever wrote it, it is on its way.
            self.flush()
        self.force_close(None)

    def _force_close(self, error):
        self.force_close(error)

    # Sending a file: `ouroloop.service.sendfile` makes the system calls

    def _start_file(self):
        """Refuses writes until `_end_file()`: what the file's sender sends must follow what is queued now."""
        if self.sends_file:
            raise RuntimeError("Empty waiter is already set")
        self.settle()
        self.sends_file = True

    def _room_for_file(self):
        """A future that is done when the queue is empty and the socket takes bytes, and fails when it never will."""
        if self.lost_count:
            raise ConnectionError("Connection is closed by peer")
        waiter = self._loop.create_future()
        self.file_waiter = waiter
        self.update_interest()
        return waiter

    def _end_file(self):
        """Lets others write again. Does what closing or `write_eof` would have done meanwhile."""
        self.sends_file = False
        self.file_waiter = None
        if not self.lost_count:
            self.after_flush()

    cdef int wake_file_sender(self, object error) except -1:
        waiter = self.file_waiter
        self.file_waiter = None
        if waiter is None or waiter.done():
            return 0
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)
        return 0

    cdef str why_not(self, str method):
        if self.is_eof_written:
            return f"Cannot call {method}() after write_eof()"
        return f"unable to {method}; sendfile is in progress"

    # Run by the loop

    cdef int notify(self, int events, LoopCore core) except -1:
        self.pending |= events
        if not self.is_queued:
            self.is_queued = True
            core.push(self)
        return 0

    cdef int run(self) except -1:
        cdef int pending = self.pending
        self.is_queued = False
        self.pending = 0
        PyContext_Enter(self.context)
        try:
            if not self.is_started:
                return self.begin()
            if pending & READABLE and not (self.is_paused or self.is_closed or self.is_at_end):
                if self.native is not None:
                    self.read_natively()
                else:
                    self.read_into_protocol() if self.is_buffered else self.read()
                    if self.queue.size > HOT_ANSWER:
                        self.settle()
            if pending & WRITABLE and not self.lost_count:
                if self.queue.size:
                    self.flush()
                elif self.file_waiter is not None:
                    self.wake_file_sender(None)
                    self.update_interest()
        finally:
            PyContext_Exit(self.context)
        return 0

    cdef int settle(self) except -1:
        return self.flush() if self.is_corked else 0

    cdef int begin(self) except -1:
        """Tells the protocol of its connection, and starts reading."""
        cdef PyObject *result
        cdef object error = None
        self.is_started = True
        result = PyObject_CallMethodOneArg(self.protocol, "connection_made", self)
        if result != NULL:
            Py_DECREF(result)
        else:
            error = take_raised()
        self.update_interest()
        waiter = self.waiter
        self.waiter = None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
            # What has arrived already is read before anything that who waits calls soon.
            self.core.ask_poller_next()
        return 0 if error is None else self.report(error, "connection_made", (self,))

    cdef int read(self) except -1:
        cdef char *scratch
        cdef Py_ssize_t count
        cdef bytes data
        cdef PyObject *result
        if self.room:
            data = self.read_large()
            if data is None:
                return 0
        else:
            scratch = self.core.scratch_buffer()
            count = receive(self.fd, scratch, self.core.scratch_size)
            if count <= 0:
                return self.nothing_read(count)
            self.room = room_after(count)
            data = PyBytes_FromStringAndSize(scratch, count)
        result = PyObject_CallMethodOneArg(self.protocol, "data_received", data)
        if result == NULL:
            return self.fail(take_raised(), "Fatal error: protocol.data_received() call failed.")
        Py_DECREF(result)
        return 0

    cdef int read_natively(self) except -1:
        cdef char *scratch = NULL
        cdef Py_ssize_t count = 0
        cdef bytes data = None
        if self.room:
            data = self.read_large()
            if data is None:
                return 0
        else:
            scratch = self.core.scratch_buffer()
            count = receive(self.fd, scratch, self.core.scratch_size)
            if count <= 0:
                return self.nothing_read(count)
            if self.native.keeps_bytes:
                self.room = room_after(count)
        try:
            if data is None:
                self.native.received(scratch, count)
            else:
                self.native.received_bytes(data)
        except BaseException as error:
            return self.fail(error, "Fatal error: protocol.data_received() call failed.")
        return 0

    cdef bytes read_large(self):
        """Reads straight into a new object; None where nothing was read."""
        cdef Py_ssize_t count
        cdef bytes data = receive_object(self.fd, self.room, &count)
        if data is None:
            self.nothing_read(count)
        else:
            self.room = room_after(count)
        return data

    cdef int read_into_protocol(self) except -1:
        cdef Py_buffer view
        cdef Py_ssize_t count
        cdef str message = "Fatal error: protocol.get_buffer() call failed."
        try:
            buffer = self.protocol.get_buffer(-1)
            if not len(buffer):
                raise RuntimeError("get_buffer() returned an empty buffer")
            message = "Fatal read error on socket transport"
            open_buffer(buffer, &view, "recv_into() argument 1")
        except BaseException as error:
            return self.fail(error, message)
        if self.fd < 0 or self.is_closed:
            PyBuffer_Release(&view)
            return 0
        count = receive(self.fd, view.buf, view.len)
        PyBuffer_Release(&view)
        cdef PyObject *result
        if count > 0:
            result = PyObject_CallMethodOneArg(self.protocol, "buffer_updated", count)
            if result == NULL:
                return self.fail(take_raised(), "Fatal error: protocol.buffer_updated() call failed.")
            Py_DECREF(result)
            return 0
        return self.nothing_read(count)

    cdef int nothing_read(self, Py_ssize_t count) except -1:
        """The read brought no bytes but the end of the stream (0) or a negated errno."""
        if count == 0:
            return self.reached_end()
        if count != -EAGAIN and count != -EINTR:
            self.fail(os_error(<int>-count), "Fatal read error on socket transport")
        return 0

    cdef int reached_end(self) except -1:
        """The other end has sent its last byte: the protocol says whether this direction stays open."""
        cdef PyObject *result
        self.is_at_end = True
        result = PyObject_CallMethodNoArgs(self.protocol, "eof_received")
        if result == NULL:
            return self.fail(take_raised(), "Fatal error: protocol.eof_received() call failed.")
        stays_open = <object>result
        Py_DECREF(result)
        if stays_open:
            self.update_interest()
        else:
            self.close()
        return 0

    cdef int release(self) except -1:
        # Whoever still calls finds a closed transport, also when the collector got here before any close().
        self.is_closed = True
        self.is_corked = False
        self.native = None
        self.lost_count = max(1, self.lost_count)
        return Endpoint.release(self)

    # Writing, inside

    cdef int send_bytes(self, bytes data) except -1:
        """As `write`, for a native protocol."""
        if self.lost_count:
            return 0
        self.queue.push(data)
        return self.send_soon()

    cdef int send_at_once(self, const char *data, Py_ssize_t size) except -1:
        """The same of bytes that stand elsewhere, when no more follow in this callback; what goes out is not copied."""
        cdef Py_ssize_t sent
        if self.queue.size == 0 and not self.lost_count:
            sent = self.note_sent(send_one(self.fd, data, size), size)
            data += sent
            size -= sent
        return self.send_bytes(PyBytes_FromStringAndSize(data, size)) if size else 0

    cdef int enqueue(self, object data) except -1:
        if type(data) is bytes:
            return self.queue.push(data)
        if self.queue.size == 0:
            # Trying at once may save the copy.
            data = self.send_now(data)
            if data is None:
                return 0
        return self.queue.push(bytes(data))

    cdef object send_now(self, object data):
        """Sends a mutable buffer; returns what is left of it, or None."""
        cdef Py_buffer view
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        cdef Py_ssize_t size = view.len
        cdef Py_ssize_t sent = send_one(self.fd, view.buf, size)
        PyBuffer_Release(&view)
        sent = self.note_sent(sent, size)
        return None if sent == size else memoryview(data).cast("B")[sent:]

    cdef Py_ssize_t note_sent(self, Py_ssize_t sent, Py_ssize_t size) except -1:
        """How many of `size` bytes need not be sent any more, after a call that may have failed for good."""
        if sent >= 0:
            return sent
        if sent == -EAGAIN or sent == -EINTR:
            return 0
        self.fail(os_error(<int>-sent), "Fatal write error on socket transport")
        return size

    cdef int send_soon(self) except -1:
        """Sends what was queued now: soon after the running callback if it is small, else at once."""
        cdef WriteQueue queue = self.queue
        if queue.size == 0 or self.lost_count:
            return 0
        if self.core.poller_watches(self.fd) & WRITABLE:
            # The kernel's buffer is full: `run` goes on when it is not.
            return self.pause_protocol_if_full()
        if queue.size <= CORK_LIMIT and queue.size <= self.flow.high_water:
            if self.is_corked:
                return 0
            if self.core.thread_ident == PyThread_get_thread_ident():
                self.is_corked = True
                return self.core.cork(self)
        self.flush()
        return self.pause_protocol_if_full()

    cdef int flush(self) except -1:
        """Sends as much of the queue as the kernel takes."""
        cdef Py_ssize_t sent
        self.is_corked = False
        while self.queue.size and not self.lost_count:
            sent = self.queue.send(self.fd)
            if sent == -EAGAIN:
                break
            if sent < 0 and sent != -EINTR:
                self.fail(os_error(<int>-sent), "Fatal write error on socket transport")
                return 0
        return self.after_flush()

    cdef int after_flush(self) except -1:
        cdef int result
        if self.flow.is_paused:
            self.resume_protocol_if_drained()
        if self.lost_count:
            return 0
        if self.queue.size == 0 and not self.sends_file:
            if self.is_closed:
                self.lost_count += 1
                self.lose(None)
            elif self.is_eof_written:
                result = shut_down_writing(self.fd)
                if result < 0:
                    self.fail(os_error(-result), "Fatal write error on socket transport")
        return self.update_interest()

    cdef int update_interest(self) except -1:
        """Has the poller watch for what the transport waits for now."""
        cdef int interest = 0
        if self.fd < 0 or self.core.closed:
            return 0
        if self.lost_count:
            return self.core.watch(self.fd, 0, self)
        if self.is_started and not (self.is_paused or self.is_closed or self.is_at_end):
            interest = READABLE
        if (self.queue.size or self.file_waiter is not None) and not self.is_corked:
            interest |= WRITABLE
        if interest == self.core.poller_watches(self.fd):
            return 0
        try:
            return self.core.watch(self.fd, interest, self)
        except OSError as error:
            # The system has no room to watch it. Nobody would ever hear of the connection again.
            return self.fail(error, "Fatal error: the connection cannot be watched")

    cdef int pause_protocol_if_full(self) except -1:
        return self.tell_protocol("pause_writing") if self.flow.pauses_at(self.queue.size) else 0

    cdef int resume_protocol_if_drained(self) except -1:
        return self.tell_protocol("resume_writing") if self.flow.resumes_at(self.queue.size) else 0

    cdef int count_lost_write(self) except -1:
        if self.lost_count >= WARN_AFTER_LOST_WRITES:
            logger.warning("socket.send() raised exception.")
        self.lost_count += 1
        return 0

    # Closing, inside

    cdef int force_close(self, object error) except -1:
        if self.lost_count:
            return 0
        self.queue.clear()
        self.is_corked = False
        self.is_closed = True
        self.lost_count += 1
        if self.sends_file:
            self.wake_file_sender(ConnectionError("Connection is closed by peer") if error is None else error)
        self.update_interest()
        return self.lose(error)
