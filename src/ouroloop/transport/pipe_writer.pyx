"""The writing end of a pipe, FIFO, socket or character device as an asyncio transport.

A write is tried at once; what the kernel does not take is queued, mutable buffers as copies, and written when there is
room again. The reader's end is noticed while nothing is written too, where the kernel tells: `connection_lost(None)`,
or `BrokenPipeError` when bytes were still queued.

Semantics, log messages and error texts are those of the standard library's pipe transport.
"""

import asyncio
import logging

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.errno cimport EAGAIN, EINTR

from ouroloop.kernel.errors cimport os_error
from ouroloop.kernel.pipes cimport (
    IS_PIPE,
    IS_SOCKET,
    is_at_end_of_stream,
    is_write_only,
    write_many,
    write_one,
)
from ouroloop.kernel.sockets cimport iovec
from ouroloop.loop.core cimport LoopCore
from ouroloop.poller.poller cimport READABLE, WRITABLE
from ouroloop.transport.flow_control cimport FlowControl
from ouroloop.transport.pipe_end cimport PipeEnd
from ouroloop.transport.write_queue cimport WriteQueue

cdef enum:
    WARN_AFTER_LOST_WRITES = 5      # as the standard library's LOG_THRESHOLD_FOR_CONNLOST_WRITES

cdef object TRANSPORT_CONTRACT = asyncio.WriteTransport
cdef object logger = logging.getLogger("asyncio")
# As the newest standard library's sockets say it: its pipes assert it, which `python -O` leaves out.
cdef str WRONG_DATA = "data argument must be a bytes, bytearray, or memoryview object"


cdef class PipeWriteQueue(WriteQueue):
    """Bytes that wait to be written to what may be no socket."""

    cdef Py_ssize_t give_one(self, int fd, const void *buffer, size_t size) noexcept:
        return write_one(fd, buffer, size)

    cdef Py_ssize_t give_many(self, int fd, iovec *parts, size_t count) noexcept:
        return write_many(fd, parts, count)


cdef class PipeWriter(PipeEnd):
    """PipeWriter(loop, pipe, protocol, waiter=None)
--

    Bytes for the reader of a pipe, as `asyncio.WriteTransport`.

    pipe: a file object or socket, which the transport owns from now on. waiter: a future to complete once
    `connection_made` was called. Raises ValueError for a file that is no pipe, socket or character device.
    """

    def __init__(self, LoopCore loop not None, pipe, protocol, waiter=None):
        self.take_over(
            loop, pipe, protocol, waiter, "Pipe transport is only for pipes, sockets and character devices"
        )
        # A FIFO that is open for reading too has its own reader, which never goes; and what can be read from a device
        # is somebody else's.
        self.notices_end = self.kind == IS_SOCKET or (self.kind == IS_PIPE and is_write_only(self.fd) == 1)

    def __cinit__(self):
        self.queue = PipeWriteQueue()
        self.flow = FlowControl()

    @property
    def __class__(self):
        # isinstance(transport, asyncio.WriteTransport) holds in other people's code, although the class is our own.
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
            parts.append("polling" if self.is_watched(WRITABLE) else "idle")
            parts.append(f"bufsize={self.queue.size}")
        return f"<{' '.join(parts)}>"

    def write(self, data):
        """Writes bytes, without waiting: what the kernel does not take is queued.

        data: bytes, bytearray or a contiguous memoryview; a mutable one may be changed afterwards.
        Raises TypeError for anything else.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"{WRONG_DATA}, not {type(data).__name__!r}")
        if len(data) == 0:
            return
        if self.lost_count or self.is_closed:
            self.count_lost_write()
            return
        self.enqueue(data)

    def writelines(self, list_of_data):
        """Writes several buffers, one after the other; see `write`."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self):
        """True: the end of file is what closing a pipe says."""
        return True

    def write_eof(self):
        """Writes what is queued, and then closes: a pipe has no other end of file."""
        if self.is_closed:
            return
        if self.queue.size == 0:
            self.end(None)
        else:
            self.is_closed = True

    def get_write_buffer_size(self):
        """How many bytes are queued."""
        return self.queue.size

    def get_write_buffer_limits(self):
        """The low- and the high-water mark, in bytes."""
        return self.flow.low_water, self.flow.high_water

    def set_write_buffer_limits(self, high=None, low=None):
        """Sets the marks, in bytes queued, between which the protocol is told to pause and to resume writing."""
        self.flow.set_limits(high, low)
        self.pause_protocol_if_full()

    def close(self):
        """Writes what is queued, then closes; `connection_lost(None)` follows."""
        self.write_eof()

    def abort(self):
        """Drops what is queued and closes at once; `connection_lost(None)` follows."""
        self.end(None)

    # As every transport of the standard library has them

    def is_reading(self):
        """Raises NotImplementedError: nothing is read here."""
        raise NotImplementedError

    def pause_reading(self):
        """Raises NotImplementedError: nothing is read here."""
        raise NotImplementedError

    def resume_reading(self):
        """Raises NotImplementedError: nothing is read here."""
        raise NotImplementedError

    # Writing, inside

    cdef int interest(self) noexcept:
        return (READABLE if self.notices_end else 0) | (WRITABLE if self.queue.size else 0)

    cdef int go_on(self, int pending) except -1:
        if pending & READABLE and self.notices_end:
            self.look_for_end()
        if pending & WRITABLE and self.queue.size and not self.is_over:
            self.flush()
        return 0

    cdef int look_for_end(self) except -1:
        """The poller calls the writing end of a pipe readable once its reader is gone."""
        cdef int ended = 1
        if self.kind == IS_SOCKET:
            ended = is_at_end_of_stream(self.fd)
            if ended == -EAGAIN or ended == -EINTR:
                # Not certain yet: the poller will say so again.
                return 0
        if ended == 0:
            # Bytes have come the other way, and stay for who reads them; a write will meet the end.
            self.notices_end = False
            return self.update_interest()
        if self._loop.get_debug():
            logger.info("%r was closed by peer", self)
        return self.end(BrokenPipeError() if self.queue.size else None)

    cdef int enqueue(self, object data) except -1:
        cdef bint was_empty = self.queue.size == 0
        if was_empty:
            data = self.write_now(data)
            if data is None:
                return 0
        self.queue.push(bytes(data))
        if was_empty:
            self.update_interest()
        return self.pause_protocol_if_full()

    cdef object write_now(self, object data):
        """Writes what the kernel takes; returns what is left of it, or None."""
        cdef Py_buffer view
        cdef Py_ssize_t written
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        cdef Py_ssize_t size = view.len
        written = write_one(self.fd, view.buf, size)
        PyBuffer_Release(&view)
        if written == size:
            return None
        if written >= 0:
            return memoryview(data).cast("B")[written:]
        if written == -EAGAIN or written == -EINTR:
            return data
        self.fatal_error(os_error(<int>-written))
        return None

    cdef int flush(self) except -1:
        """Writes as much of the queue as the kernel takes."""
        cdef Py_ssize_t written
        while self.queue.size:
            written = self.queue.send(self.fd)
            if written == -EAGAIN:
                break
            if written < 0 and written != -EINTR:
                return self.fatal_error(os_error(<int>-written))
        if self.flow.resumes_at(self.queue.size):
            self.tell_protocol("resume_writing")
        if self.queue.size == 0 and self.is_closed:
            return self.end(None)
        return self.update_interest()

    cdef int pause_protocol_if_full(self) except -1:
        return self.tell_protocol("pause_writing") if self.flow.pauses_at(self.queue.size) else 0

    cdef int count_lost_write(self) except -1:
        if self.lost_count >= WARN_AFTER_LOST_WRITES:
            logger.warning("pipe closed by peer or os.write(pipe, data) raised exception.")
        self.lost_count += 1
        return 0

    # Ending

    cdef int fatal_error(self, object error) except -1:
        """A write failed: the protocol hears of it by `connection_lost`."""
        self.lost_count += 1
        if self._loop.get_debug():
            logger.debug("%r: %s", self, "Fatal write error on pipe transport", exc_info=error)
        return self.end(error)

    cdef int end(self, object error) except -1:
        self.queue.clear()
        return PipeEnd.end(self, error)
