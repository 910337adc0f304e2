"""A datagram socket as an asyncio transport: receiving into a protocol, sending with back-pressure, closing.

The transport owns its descriptor, and is its own entry in the ready queue, as a stream transport is. When the poller
reports datagrams, up to `RECEIVED_AT_ONCE` are delivered in one turn, so that a flooded socket starves nobody.
A datagram is sent at once; what the kernel does not take waits in the queue, a mutable buffer as a copy.

An `OSError` of a receive or a send is the protocol's to hear (`error_received`), and the endpoint goes on. Semantics,
log messages and error texts are those of the standard library's datagram transport.
"""

import asyncio
import logging
import socket
from collections import deque

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.ref cimport PyObject
from libc.errno cimport EAGAIN, EINTR
from libc.string cimport memcmp, memcpy

from ouroloop.kernel.datagrams cimport address_from_same_host, receive_from, send_to, socket_address
from ouroloop.kernel.errors cimport os_error, take_raised
from ouroloop.kernel.sockets cimport python_address, send_one, sockaddr_storage, socklen_t
from ouroloop.loop.core cimport LoopCore
from ouroloop.poller.poller cimport READABLE, WRITABLE
from ouroloop.transport.endpoint cimport Endpoint
from ouroloop.transport.flow_control cimport FlowControl

cdef extern from "Python.h":
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
    object PyContext_CopyCurrent()
    PyObject *PyObject_CallMethodOneArg(object of, object name, object argument)
    PyObject *PyObject_VectorcallMethod(object name, PyObject **arguments, size_t count, void *keywords)
    void Py_DECREF(PyObject *owned)

cdef enum:
    RECEIVED_AT_ONCE = 16
    SENT_AT_ONCE = 64
    HEADER_SIZE = 8                 # what a queued datagram counts beside its bytes, so that empty ones count too
    WARN_AFTER_LOST_WRITES = 5      # as the standard library's LOG_THRESHOLD_FOR_CONNLOST_WRITES

# How long a datagram waits before it is offered again to a receiver that is full.
cdef double FULL_RECEIVER_SECONDS = 0.002

# The standard library's datagram transport is a `Transport` too, though it cannot `write`, and programs ask for either.
cdef object TRANSPORT_CONTRACT = type(
    "DatagramTransport", (asyncio.Transport, asyncio.DatagramTransport), {"__module__": __name__, "__slots__": ()}
)
cdef tuple WOULD_BLOCK = (BlockingIOError, InterruptedError)
cdef tuple NATIVE_FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
cdef object logger = logging.getLogger("asyncio")


cdef class DatagramTransport(Endpoint):
    """DatagramTransport(loop, sock, protocol, address=None, waiter=None)
--

    An endpoint of a datagram socket, as `asyncio.DatagramTransport`.

    sock: a non-blocking `socket.socket`, which the transport owns from now on. address: where everything is sent, if
    that is one place. waiter: a future to complete once `connection_made` was called.
    """

    def __init__(self, LoopCore loop not None, sock, protocol, address=None, waiter=None):
        self.check_protocol(protocol)
        self.sock = sock
        self.family = sock.family
        self.protocol_number = sock.proto
        self.is_native = self.family in NATIVE_FAMILIES
        self.address = address or None
        self.waiter = waiter
        self.own_descriptor(loop, sock.fileno(), PyContext_CopyCurrent())
        self.is_connected = self.raw_peer is not None
        if not self.is_native:
            self.extra = names_of(sock)
        elif not self.is_connected:
            # Known not to be there, which is None whatever the default is.
            self.extra = {"peername": None}
        self.is_closed = False
        self.lost_count = 0
        self.protocol = protocol
        self.is_queued = True
        loop.push(self)

    def __cinit__(self):
        # Closed, until `__init__` has given it a socket.
        self.is_closed = True
        self.lost_count = 1
        self.queue = deque()
        self.flow = FlowControl()

    @property
    def __class__(self):
        # isinstance(transport, asyncio.DatagramTransport) holds in other people's code, although the class is our own.
        return TRANSPORT_CONTRACT

    def __repr__(self):
        if self.fd < 0:
            return f"<{type(self).__name__} closed>"
        parts = [type(self).__name__]
        if self.is_closed:
            parts.append("closing")
        parts.append(f"fd={self.fd}")
        parts.append(f"read={'polling' if self.is_started and self.is_reading() else 'idle'}")
        parts.append(f"write=<{'polling' if self.queue else 'idle'}, bufsize={self.queue_size}>")
        return f"<{' '.join(parts)}>"

    # What a user asks

    def set_protocol(self, protocol):
        """Gives what arrives from now on to `protocol`."""
        self.protocol = protocol

    def is_closing(self):
        """True once the transport is closed or about to be."""
        return self.is_closed

    def is_reading(self):
        """True while what arrives is given to the protocol."""
        return not self.is_closed and not self.is_paused

    def pause_reading(self):
        """Stops receiving until `resume_reading()`; what the kernel has no room for meanwhile is lost."""
        if self.is_closed or self.is_paused:
            return
        self.is_paused = True
        self.update_interest()
        if self._loop.get_debug():
            logger.debug("%r pauses reading", self)

    def resume_reading(self):
        """Receives again after `pause_reading()`."""
        if self.is_closed or not self.is_paused:
            return
        self.is_paused = False
        self.update_interest()
        if self._loop.get_debug():
            logger.debug("%r resumes reading", self)

    def write(self, data):
        """Raises NotImplementedError: datagrams are sent by `sendto`."""
        raise NotImplementedError

    def writelines(self, list_of_data):
        """Raises NotImplementedError: datagrams are sent by `sendto`."""
        raise NotImplementedError

    def write_eof(self):
        """Raises NotImplementedError: datagrams have no end of file."""
        raise NotImplementedError

    def can_write_eof(self):
        """Raises NotImplementedError: datagrams have no end of file."""
        raise NotImplementedError

    def sendto(self, data, addr=None):
        """Sends a datagram, without waiting: one that the kernel does not take is queued.

        data: bytes, bytearray or a contiguous memoryview; a mutable one may be changed afterwards. addr: where to;
        None where the endpoint has one remote address. Raises TypeError for other data, ValueError for an address
        other than that one. An OSError is told to the protocol.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
        if self.address is not None:
            if addr is not None and addr != self.address:
                raise ValueError(f"Invalid address: must be None or {self.address}")
            addr = self.address
        if self.lost_count:
            if self.lost_count >= WARN_AFTER_LOST_WRITES:
                logger.warning("socket.send() raised exception.")
            self.lost_count += 1
            return
        if not self.queue:
            if self.send(data, addr):
                return
            self.enqueue(bytes(data), addr)
            self.update_interest()
        else:
            self.enqueue(bytes(data), addr)
        self.pause_protocol_if_full()

    def get_write_buffer_size(self):
        """How many bytes are queued, with a few for each datagram."""
        return self.queue_size

    def get_write_buffer_limits(self):
        """The low- and the high-water mark, in bytes."""
        return self.flow.low_water, self.flow.high_water

    def set_write_buffer_limits(self, high=None, low=None):
        """Sets the marks, in bytes queued, between which the protocol is told to pause and to resume writing."""
        self.flow.set_limits(high, low)
        self.pause_protocol_if_full()

    def close(self):
        """Sends what is queued, then closes; `connection_lost(None)` follows."""
        if self.is_closed:
            return
        self.is_closed = True
        if not self.queue:
            self.lost_count += 1
            self.lose(None)
        self.update_interest()

    def abort(self):
        """Drops what is queued and closes at once; `connection_lost(None)` follows."""
        self.force_close(None)

    def _force_close(self, error):
        self.force_close(error)

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
            if pending & READABLE:
                self.receive()
            if pending & WRITABLE and self.queue and not self.lost_count:
                self.flush()
        finally:
            PyContext_Exit(self.context)
        return 0

    cdef int begin(self) except -1:
        """Tells the protocol of its endpoint, and starts receiving."""
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
        return 0 if error is None else self.report(error, "connection_made", (self,))

    # Receiving

    cdef int receive(self) except -1:
        """Delivers what has arrived: until there is no more, or it is the others' turn."""
        cdef LoopCore core = self.core
        cdef Py_ssize_t result
        cdef int left = RECEIVED_AT_ONCE
        while left > 0 and not (self.is_closed or self.is_paused):
            left -= 1
            result = self.receive_natively(core) if self.is_native else self.receive_through_socket()
            if result == -EAGAIN or result == -EINTR:
                return 0
            if result < 0:
                self.refuse(<int>-result)
        return 0

    cdef Py_ssize_t receive_natively(self, LoopCore core) except? -1:
        """Delivers one datagram. Returns its size, or the negated errno."""
        cdef sockaddr_storage sender
        cdef socklen_t sender_size
        cdef char *scratch = core.scratch_buffer()
        cdef Py_ssize_t count = receive_from(self.fd, scratch, core.scratch_size, &sender, &sender_size)
        if count >= 0:
            self.deliver(PyBytes_FromStringAndSize(scratch, count), self.sender_of(&sender, sender_size))
        return count

    cdef Py_ssize_t receive_through_socket(self) except? -1:
        """As `receive_natively`, for a family whose addresses the `socket` module knows."""
        try:
            data, sender = self.sock.recvfrom(self.core.scratch_size)
        except WOULD_BLOCK:
            return -EAGAIN
        except OSError as error:
            return -error.errno if error.errno else -EAGAIN
        except BaseException as error:
            self.fail(error, "Fatal read error on datagram transport")
            return 0
        self.deliver(data, sender)
        return len(data)

    cdef int deliver(self, bytes data, object sender) except -1:
        cdef PyObject *arguments[3]
        arguments[0] = <PyObject *>self.protocol
        arguments[1] = <PyObject *>data
        arguments[2] = <PyObject *>sender
        cdef PyObject *result = PyObject_VectorcallMethod("datagram_received", arguments, 3, NULL)
        if result != NULL:
            Py_DECREF(result)
            return 0
        return self.report(take_raised(), "datagram_received", (data, sender))

    cdef object sender_of(self, sockaddr_storage *address, socklen_t size):
        """The sender's address as Python writes it; None for one that has none."""
        if size == 0:
            return None
        if size == self.last_raw_size and memcmp(address, &self.last_raw, size) == 0:
            return self.last_sender
        cdef object sender = None
        if self.last_raw_size != 0 and type(self.last_sender) is tuple:
            sender = address_from_same_host(address, &self.last_raw, (<tuple>self.last_sender)[0])
        self.last_raw_size = 0
        self.last_sender = python_address(address, size) if sender is None else sender
        memcpy(&self.last_raw, address, size)
        self.last_raw_size = size
        return self.last_sender

    cdef int refuse(self, int number) except -1:
        """Tells the protocol of an error that the socket had."""
        error = os_error(number)
        cdef PyObject *result = PyObject_CallMethodOneArg(self.protocol, "error_received", error)
        if result != NULL:
            Py_DECREF(result)
            return 0
        return self.report(take_raised(), "error_received", (error,))

    # Sending

    cdef bint send(self, object data, object receiver) except -1:
        """False when the kernel has no room. True when the datagram is gone, even if only the protocol heard of it."""
        cdef Py_ssize_t sent
        try:
            if self.is_connected or self.is_native:
                sent = self.send_natively(data, receiver)
            else:
                sent = self.sock.sendto(data, receiver)
        except WOULD_BLOCK:
            return False
        except OSError as error:
            self.protocol.error_received(error)
            return True
        except BaseException as error:
            self.fail(error, "Fatal write error on datagram transport")
            return True
        if sent == -EAGAIN or sent == -EINTR:
            return False
        if sent < 0:
            self.protocol.error_received(os_error(<int>-sent))
        return True

    cdef Py_ssize_t send_natively(self, object data, object receiver) except? -1:
        """Returns how many bytes went, or the negated errno; raises what the `socket` module does."""
        cdef sockaddr_storage written
        cdef socklen_t size = 0
        cdef Py_buffer view
        cdef Py_ssize_t sent
        if not self.is_connected:
            if receiver is self.last_sender and self.last_raw_size != 0:
                memcpy(&written, &self.last_raw, self.last_raw_size)
                size = self.last_raw_size
            else:
                size = socket_address(self.family, receiver, &written)
            if size == 0:
                return self.sock.sendto(data, receiver)
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        if self.is_connected:
            sent = send_one(self.fd, view.buf, view.len)
        else:
            sent = send_to(self.fd, view.buf, view.len, &written, size)
        PyBuffer_Release(&view)
        return sent

    cdef int enqueue(self, bytes data, object receiver) except -1:
        self.queue.append((data, receiver))
        self.queue_size += PyBytes_GET_SIZE(data) + HEADER_SIZE
        return 0

    cdef int flush(self) except -1:
        """Sends what is queued: until the kernel has no more room, or it is the others' turn."""
        cdef int left = SENT_AT_ONCE
        cdef bytes data
        while self.queue and left > 0 and not self.lost_count:
            # Out of the queue first: the protocol may hear of an error, and abort.
            data, receiver = self.queue.popleft()
            self.queue_size -= PyBytes_GET_SIZE(data) + HEADER_SIZE
            try:
                is_gone = self.send(data, receiver)
            except BaseException as error:
                self.report(error, "error_received", ())
                is_gone = True
            if not is_gone:
                self.queue.appendleft((data, receiver))
                self.queue_size += PyBytes_GET_SIZE(data) + HEADER_SIZE
                if left == SENT_AT_ONCE:
                    self.back_off()
                break
            left -= 1
        if not self.lost_count and self.flow.resumes_at(self.queue_size):
            self.tell_protocol("resume_writing")
        if not self.queue and self.is_closed and not self.lost_count:
            self.lost_count += 1
            self.lose(None)
        return self.update_interest()

    cdef int back_off(self) except -1:
        """Tries again a little later, because the poller reports room that the kernel does not have.

        It is the receiver that is full, which does not show in our own socket: so it is with Unix sockets that are
        not connected.
        """
        if self.retry is None:
            self.retry = self._loop.call_later(FULL_RECEIVER_SECONDS, self._send_again, context=self.context)
        return 0

    def _send_again(self):
        self.retry = None
        if self.fd >= 0 and self.queue and not self.lost_count:
            self.flush()

    cdef int pause_protocol_if_full(self) except -1:
        return self.tell_protocol("pause_writing") if self.flow.pauses_at(self.queue_size) else 0

    cdef int update_interest(self) except -1:
        """Has the poller watch for what the transport waits for now."""
        cdef int interest = 0
        if self.fd < 0 or self.core.closed:
            return 0
        if not self.lost_count:
            if self.is_started and not (self.is_closed or self.is_paused):
                interest = READABLE
            if self.queue and self.retry is None:
                interest |= WRITABLE
        if interest == self.core.poller_watches(self.fd):
            return 0
        try:
            return self.core.watch(self.fd, interest, self)
        except OSError as error:
            # The system has no room to watch it. Nobody would ever hear of the endpoint again.
            return self.fail(error, "Fatal error: the endpoint cannot be watched")

    # Failing and closing

    cdef int force_close(self, object error) except -1:
        if self.lost_count:
            return 0
        self.queue.clear()
        self.queue_size = 0
        self.is_closed = True
        self.lost_count += 1
        self.update_interest()
        return self.lose(error)

    cdef int release(self) except -1:
        # Whoever still calls finds a closed transport, also when the collector got here before any close().
        self.is_closed = True
        self.lost_count = max(1, self.lost_count)
        retry = self.retry
        self.retry = None
        if retry is not None:
            retry.cancel()
        return Endpoint.release(self)


cdef dict names_of(object sock):
    """Both ends' addresses, in a family that only the `socket` module knows."""
    cdef dict names = {"peername": None}
    for name, ask in (("sockname", sock.getsockname), ("peername", sock.getpeername)):
        try:
            names[name] = ask()
        except OSError:
            # It has none; most often because it is not connected.
            pass
    return names
