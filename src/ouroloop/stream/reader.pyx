"""The reader of a stream, as users hold it.

What it has received is kept by `Incoming`; how bytes are taken out is `read_operations`. A subclass that overrides one
of the methods is asked where the standard library's reader would ask itself.
"""

import asyncio

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer

from ouroloop.stream.incoming cimport Incoming
from ouroloop.stream.read_operations cimport (
    new_next_line,
    new_read,
    new_read_exactly,
    new_read_line,
    new_read_until,
    new_wait_for_data,
)

from ouroloop.stream.overridden import next_line_of, read_all_of, read_line_of
from ouroloop.sync.coroutine_mark import coroutine_function

cdef enum:
    DEFAULT_LIMIT = 1 << 16  # bytes

cdef object CONTRACT = asyncio.StreamReader


cdef class StreamReader(Incoming):
    """StreamReader(limit=65536, loop=None)
--

    Reads from a connection, as `asyncio.StreamReader`.

    limit: how long a line may be, in bytes; reading stops while more than twice as many are unread. loop: None takes
    the current one. Raises ValueError for a limit that is not positive.
    """

    def __init__(self, limit=DEFAULT_LIMIT, loop=None):
        Incoming.__init__(self, limit, loop)
        self.is_plain = type(self) is StreamReader

    @property
    def __class__(self):
        # isinstance(reader, asyncio.StreamReader) holds in other people's code, although the class is our own.
        return CONTRACT

    def __repr__(self):
        parts = [type(self).__name__]
        if self._buffer.size:
            parts.append(f"{self._buffer.size} bytes")
        if self._eof:
            parts.append("eof")
        if self._limit != DEFAULT_LIMIT:
            parts.append(f"limit={self._limit}")
        if self._waiter:
            parts.append(f"waiter={self._waiter!r}")
        if self._exception:
            parts.append(f"exception={self._exception!r}")
        if self._transport:
            parts.append(f"transport={self._transport!r}")
        if self._paused:
            parts.append("paused")
        return f"<{' '.join(parts)}>"

    # What feeds it

    def exception(self):
        """Why nothing more will come, or None."""
        return self._exception

    def set_exception(self, exc):
        """Fails whoever waits, and every read from now on, with `exc`."""
        self.fail(exc)

    def set_transport(self, transport):
        """Says which transport to stop while too much is unread."""
        if self._transport is not None:
            raise AssertionError("Transport already set")
        self._transport = transport

    def _replace_transport(self, transport):
        if self._transport is None:
            raise AssertionError("Transport not set")
        self._transport = transport

    def feed_data(self, data):
        """Takes bytes that have arrived: a bytes-like object."""
        cdef Py_buffer view
        # Of no C type: Cython 3.3's own way to extend a bytearray does not link on every Python.
        cdef object extended
        if type(data) is bytes:
            if self._eof:
                raise AssertionError("feed_data after feed_eof")
            if data:
                self._buffer.append_bytes(data)
                self.fed()
            return
        if not PyObject_CheckBuffer(data):
            # Whatever a bytearray can be extended by.
            if self._eof:
                raise AssertionError("feed_data after feed_eof")
            if not data:
                return
            extended = bytearray()
            extended.extend(data)
            data = extended
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            self.feed(<const char *>view.buf, view.len)
        finally:
            PyBuffer_Release(&view)

    def feed_eof(self):
        """Says that the last byte has come."""
        self.end()

    def at_eof(self):
        """True once the last byte has come and was read."""
        return self._eof and self._buffer.size == 0

    # Reading

    def read(self, n=-1):
        """Reads up to `n` bytes, as soon as there are any; b"" at the end. A negative `n` reads up to the end.

        Raises what `set_exception` was told, RuntimeError while another coroutine waits for bytes.
        """
        if self.overrides("read") and n < 0:
            return read_all_of(self)
        return new_read(self, n)

    def readexactly(self, n):
        """Reads exactly `n` bytes.

        Raises IncompleteReadError, with what there was, where the stream ends before; ValueError for a negative `n`.
        """
        return new_read_exactly(self, n)

    def readline(self):
        """Reads up to and with the next newline; what is left, if the stream ends before.

        Raises ValueError for a line longer than the limit; what was read of it is the error's `partial`.
        """
        if self.overrides("readuntil"):
            return read_line_of(self)
        return new_read_line(self)

    def readuntil(self, separator=b"\n"):
        """Reads up to and with the separator that comes first; `separator` is one or a tuple of several.

        Raises LimitOverrunError where none begins within the limit (nothing is read then), IncompleteReadError, with
        what there was, where the stream ends before, ValueError for an empty separator.
        """
        return new_read_until(self, separator)

    def _wait_for_data(self, func_name):
        return new_wait_for_data(self, func_name)

    def __aiter__(self):
        return self

    def __anext__(self):
        if self.overrides("readline") or self.overrides("readuntil"):
            return next_line_of(self)
        return new_next_line(self)

    cdef bint overrides(self, str method) except -1:
        return not self.is_plain and getattr(type(self), method) is not getattr(StreamReader, method)


coroutine_function(StreamReader.read)
coroutine_function(StreamReader.readexactly)
coroutine_function(StreamReader.readline)
coroutine_function(StreamReader.readuntil)
coroutine_function(StreamReader._wait_for_data)
