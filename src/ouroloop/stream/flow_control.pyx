"""The sending side of a protocol: whether the transport has room, and those who wait until it has.

A transport tells of it by `pause_writing` and `resume_writing`; a lost connection lets everybody go. Whoever waits has
a future of its own, because any number may. Protocols of streams and of processes are built on it.
"""

import asyncio
import logging

from ouroloop.loop.late_dictionary cimport without_dictionary
from ouroloop.stream.waiter cimport core_of, new_waiter
from ouroloop.task.operation cimport PASSES_ON, Operation
from ouroloop.transport.native_protocol cimport NativeProtocol

from ouroloop.task.current import current_loop

cdef object CONTRACT = asyncio.streams.FlowControlMixin
cdef object logger = logging.getLogger("asyncio")


cdef class FlowControlMixin(NativeProtocol):
    """FlowControlMixin(loop=None)
--

    What `StreamWriter.drain` waits for, as `asyncio.streams.FlowControlMixin`. loop: None takes the current one.
    """

    def __cinit__(self, *args, **keywords):
        without_dictionary(self)

    def __init__(self, loop=None):
        self._loop = current_loop() if loop is None else loop
        self.core = core_of(self._loop)

    @property
    def __class__(self):
        # It is an `asyncio.Protocol` to other people's code, although the class is our own.
        return CONTRACT

    def connection_made(self, transport):
        """Called by the transport once it is connected."""

    def data_received(self, data):
        """Called by the transport with what has arrived."""

    def eof_received(self):
        """Called by the transport at the end of what arrives."""

    def pause_writing(self):
        """Called by the transport when it has enough."""
        if self._paused:
            raise AssertionError
        self._paused = True
        if self._loop.get_debug():
            logger.debug("%r pauses writing", self)

    def resume_writing(self):
        """Called by the transport when it has room again."""
        if not self._paused:
            raise AssertionError
        self._paused = False
        if self._loop.get_debug():
            logger.debug("%r resumes writing", self)
        if self.drain_waiters:
            for waiter in self.drain_waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def connection_lost(self, exc):
        """Called by the transport at the end: lets go who waits, with the exception where there is one."""
        self._connection_lost = True
        if not self._paused or not self.drain_waiters:
            return
        for waiter in self.drain_waiters:
            if not waiter.done():
                if exc is None:
                    waiter.set_result(None)
                else:
                    waiter.set_exception(exc)

    def _drain_helper(self):
        cdef DrainOperation operation = DrainOperation.__new__(DrainOperation)
        operation.flow = self
        return operation

    def _get_close_waiter(self, stream):
        raise NotImplementedError

    cdef object wait_for_room(self):
        """A future for one who waits, which is the waiter's to take out again by `stop_waiting`."""
        waiter = new_waiter(self._loop, self.core)
        if self.drain_waiters is None:
            self.drain_waiters = {}
        self.drain_waiters[waiter] = None
        return waiter

    cdef int stop_waiting(self, object waiter) except -1:
        del self.drain_waiters[waiter]
        return 0


cdef class DrainOperation(Operation):
    """Waits until a protocol's transport has room."""

    cdef str name(self):
        return "FlowControlMixin._drain_helper"

    cdef bint go_on(self) except -1:
        return self.has_room()

    cdef bint has_room(self) except -1:
        """True: there is room, or there was since the last step; else waits for it."""
        cdef FlowControlMixin flow = self.flow
        if self.waits_on is not None:
            flow.stop_waiting(self.waits_on)
            return True
        if flow._connection_lost:
            raise ConnectionResetError("Connection lost")
        if not flow._paused:
            return True
        self.waits_on = flow.wait_for_room()
        return False

    cdef int interrupt(self, object error) except -1:
        if self.waits_on is not None:
            self.flow.stop_waiting(self.waits_on)
        return PASSES_ON
