"""The receiving side of a stream: unread bytes, the one who waits for more, and the transport that is told to stop.

A protocol feeds it, a read operation waits on it. One operation waits at a time; it says how many unread bytes it
needs, and is woken when they are there, when no more will come, or by an error. Nothing is ever dropped here, so an
operation that is cancelled leaves every byte to the next.

Unread bytes beyond twice the limit stop the transport, unless somebody waits for more than that: nobody else would
take them.
"""

import sys

from cpython.ref cimport PyObject

from ouroloop.loop.late_dictionary cimport without_dictionary
from ouroloop.stream.read_buffer cimport ReadBuffer
from ouroloop.stream.waiter cimport core_of, new_waiter
from ouroloop.task.future cimport PENDING, Future, restart

from ouroloop.loop.describe import capture_stack
from ouroloop.task.current import current_loop

cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX

# Twice of it is a number still.
cdef Py_ssize_t LIMIT_MAX = PY_SSIZE_T_MAX // 4

cdef bytes NEWLINE = b"\n"


cdef class Incoming:
    """Incoming(limit, loop)
--

    What a stream has received and nobody has read. limit: bytes. loop: None takes the current one.
    """

    def __cinit__(self):
        without_dictionary(self)
        self._buffer = ReadBuffer.__new__(ReadBuffer)

    def __init__(self, limit, loop):
        if limit <= 0:
            raise ValueError("Limit cannot be <= 0")
        self._limit = limit
        self._loop = loop = current_loop() if loop is None else loop
        self.core = core_of(loop)
        if loop.get_debug():
            self._source_traceback = capture_stack(sys._getframe())

    @property
    def _limit(self):
        return self.limit_given

    @_limit.setter
    def _limit(self, value):
        self.limit = LIMIT_MAX if value >= LIMIT_MAX else int(value)
        self.limit_given = value

    def _line_too_long(self, overrun):
        """Takes a line beyond the limit out, as far as it has come, and returns the error that has it.

        overrun: the LimitOverrunError that tells of it.
        """
        cdef Py_ssize_t consumed = overrun.consumed
        error = ValueError(overrun.args[0])
        error.__context__ = overrun
        error.add_note(self.limit_note())
        error.add_note("What was read of the line is the error's `partial`.")
        if self._buffer.find(NEWLINE, consumed, self._buffer.size) == consumed:
            error.partial = self._buffer.take(consumed + 1)
        else:
            error.partial = self._buffer.take_all()
        self.resume_if_low()
        return error

    cdef str limit_note(self):
        return (
            f"The limit is {self.limit_given} bytes; open_connection(), start_server() and StreamReader() take a"
            " larger one as `limit`."
        )

    cdef int feed(self, const char *data, Py_ssize_t count) except -1:
        """Takes bytes that have arrived."""
        if self._eof:
            raise AssertionError("feed_data after feed_eof")
        if count == 0:
            return 0
        self._buffer.append(data, count)
        return self.fed()

    cdef int fed(self) except -1:
        if self._waiter is not None:
            if self._buffer.size < self.wanted:
                return 0
            self.wake()
        return self.pause_if_full()

    cdef int end(self) except -1:
        """Takes note that the last byte has come."""
        self._eof = True
        return self.wake()

    cdef int fail(self, object error) except -1:
        """Takes note of why nothing more will come."""
        waiter = self._waiter
        self._exception = error
        self._waiter = None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        return 0

    cdef int wake(self) except -1:
        waiter = self._waiter
        if waiter is None:
            return 0
        self._waiter = None
        if type(waiter) is Future:
            if (<Future>waiter).state == PENDING:
                (<Future>waiter).finish(None)
        elif not waiter.done():
            waiter.set_result(None)
        return 0

    cdef object wait(self, str function, Py_ssize_t wanted):
        """The future of when `wanted` bytes are unread, or as many as there will be.

        Raises RuntimeError where somebody waits already: nobody could say who gets the next bytes.
        """
        if self._waiter is not None:
            raise RuntimeError(
                f"{function}() called while another coroutine is already waiting for incoming data"
            )
        if self._eof:
            raise AssertionError("_wait_for_data after EOF")
        if self._paused:
            self.resume()
        self.wanted = wanted
        self._waiter = self.next_waiter()
        return self._waiter

    cdef object next_waiter(self):
        """A pending future: the last one again, where nobody else holds it."""
        if self.core is None or self.core._debug:
            return new_waiter(self._loop, self.core)
        if self.spare_waiter is None or not restart(<PyObject *>self.spare_waiter):
            self.spare_waiter = new_waiter(self._loop, self.core)
        return self.spare_waiter

    cdef int stop_waiting(self, object waiter) except -1:
        """The one who waited has gone: what came for it alone may be too much now."""
        if self._waiter is waiter:
            self._waiter = None
        return self.pause_if_full()

    cdef int pause_if_full(self) except -1:
        if self._buffer.size <= 2 * self.limit or self._paused or self._transport is None:
            return 0
        if self._eof or self._exception is not None:
            return 0
        try:
            self._transport.pause_reading()
        except NotImplementedError:
            # It cannot be paused: all that it brings is kept.
            self._transport = None
        else:
            self._paused = True
        return 0

    cdef int resume(self) except -1:
        self._paused = False
        self._transport.resume_reading()
        return 0

    cdef int resume_if_low(self) except -1:
        if self._paused and self._buffer.size <= self.limit:
            return self.resume()
        return 0
