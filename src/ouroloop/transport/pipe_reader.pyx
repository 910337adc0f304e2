"""The reading end of a pipe, FIFO, socket or character device as an asyncio transport.

Semantics, log messages and error texts are those of the standard library's pipe transport: a protocol's callback that
fails is reported and the pipe goes on, the end of the stream is `eof_received` and then `connection_lost(None)`. A
terminal whose other side is gone ends with `connection_lost(OSError)` of EIO, which nobody needs to see in a log.
"""

import asyncio
import logging

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.ref cimport PyObject
from libc.errno cimport EAGAIN, EINTR, EIO

from ouroloop.kernel.errors cimport os_error, take_raised
from ouroloop.kernel.pipes cimport read_some
from ouroloop.loop.core cimport LoopCore
from ouroloop.poller.poller cimport READABLE
from ouroloop.transport.native_protocol cimport NativeProtocol
from ouroloop.transport.pipe_end cimport PipeEnd

cdef extern from "Python.h":
    PyObject *PyObject_CallMethodOneArg(object of, object name, object argument)
    void Py_DECREF(PyObject *owned)

cdef object TRANSPORT_CONTRACT = asyncio.ReadTransport
cdef object logger = logging.getLogger("asyncio")


cdef class PipeReader(PipeEnd):
    """PipeReader(loop, pipe, protocol, waiter=None)
--

    What can be read from a pipe, given to a protocol, as `asyncio.ReadTransport`.

    pipe: a file object or socket, which the transport owns from now on. waiter: a future to complete once
    `connection_made` was called. Raises ValueError for a file that is no pipe, socket or character device.
    """

    def __init__(self, LoopCore loop not None, pipe, protocol, waiter=None):
        self.take_over(loop, pipe, protocol, waiter, "Pipe transport is for pipes/sockets only.")
        self.set_protocol(protocol)

    @property
    def __class__(self):
        # isinstance(transport, asyncio.ReadTransport) holds in other people's code, although the class is our own.
        return TRANSPORT_CONTRACT

    def __repr__(self):
        if self.fd < 0:
            return f"<{type(self).__name__} closed>"
        parts = [type(self).__name__]
        if self.is_closed:
            parts.append("closing")
        parts.append(f"fd={self.fd}")
        if self.core.closed:
            parts.append("open")
        else:
            parts.append("polling" if self.is_watched(READABLE) else "idle")
        return f"<{' '.join(parts)}>"

    def set_protocol(self, protocol):
        """Gives what happens from now on to `protocol`."""
        self.protocol = protocol
        self.native = None
        if isinstance(protocol, NativeProtocol) and (<NativeProtocol>protocol).takes_bytes:
            self.native = <NativeProtocol>protocol

    def is_reading(self):
        """True while what arrives is given to the protocol."""
        return not self.is_paused and not self.is_closed

    def pause_reading(self):
        """Stops reading until `resume_reading()`. Pausing twice changes nothing."""
        if self.is_paused or self.is_closed:
            return
        self.is_paused = True
        self.update_interest()
        if self._loop.get_debug():
            logger.debug("%r pauses reading", self)

    def resume_reading(self):
        """Reads again after `pause_reading()`."""
        if self.is_closed or not self.is_paused:
            return
        self.is_paused = False
        self.update_interest()
        if self._loop.get_debug():
            logger.debug("%r resumes reading", self)

    def close(self):
        """Stops reading and closes the pipe; `connection_lost(None)` follows."""
        if not self.is_closed:
            self.end(None)

    cdef int interest(self) noexcept:
        return 0 if self.is_paused or self.is_closed else READABLE

    cdef int go_on(self, int pending) except -1:
        return self.read() if pending & self.interest() else 0

    cdef int read(self) except -1:
        cdef char *scratch = self.core.scratch_buffer()
        cdef Py_ssize_t count = read_some(self.fd, scratch, self.core.scratch_size)
        if count > 0:
            return self.hand_over(scratch, count)
        if count == 0:
            if self._loop.get_debug():
                logger.info("%r was closed by peer", self)
            self.is_closed = True
            self.tell_protocol("eof_received")
            return self.end(None)
        if count != -EAGAIN and count != -EINTR:
            return self.fatal_error(os_error(<int>-count))
        return 0

    cdef int hand_over(self, const char *data, Py_ssize_t count) except -1:
        """Gives the protocol what was read. Its failure is reported, and the pipe goes on."""
        cdef PyObject *result
        cdef bytes block
        if self.native is not None:
            try:
                self.native.received(data, count)
            except BaseException as error:
                return self.report(error, "data_received", (PyBytes_FromStringAndSize(data, count),))
            return 0
        block = PyBytes_FromStringAndSize(data, count)
        result = PyObject_CallMethodOneArg(self.protocol, "data_received", block)
        if result == NULL:
            return self.report(take_raised(), "data_received", (block,))
        Py_DECREF(result)
        return 0

    cdef int release(self) except -1:
        self.native = None
        return PipeEnd.release(self)

    cdef int fatal_error(self, object error) except -1:
        cdef str message = "Fatal read error on pipe transport"
        if error.errno == EIO:
            if self._loop.get_debug():
                logger.debug("%r: %s", self, message, exc_info=error)
        else:
            self._loop.call_exception_handler(
                {"message": message, "exception": error, "transport": self, "protocol": self.protocol}
            )
        return self.end(error)
