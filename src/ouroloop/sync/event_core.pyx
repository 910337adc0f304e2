"""The event: a flag that many may wait for.

`set()` completes every waiter. A waiter that was completed returns even when the flag is lowered before it runs.
"""

import asyncio
from collections import deque

from cpython.object cimport PyTypeObject

from ouroloop.sync.deques cimport find_deque_methods, has_any
from ouroloop.sync.loop_bound cimport LoopBound
from ouroloop.sync.waiting cimport Waiting, new_line, wake_all
from ouroloop.task.operation cimport Spares, keep_spares, take_spare

from ouroloop.sync.coroutine_mark import coroutine_function

cdef Spares spare_wait_events


cdef class EventCore(LoopBound):
    """EventCore()
--

    What an event does; lowered at first.
    """

    def __init__(self, *args, **keywords):
        """Native, and here, so that making an event calls no Python; the fields are as they must be already."""
        if args or keywords:
            # Refuses them, in its own words.
            asyncio.Event.__init__(self, *args, **keywords)

    def __repr__(self):
        described = object.__repr__(self)[1:-1]
        state = "set" if self._value else "unset"
        waiting = f", waiters:{len(self.waiters)}" if self.waiters else ""
        return f"<{described} [{state}{waiting}]>"

    @property
    def _waiters(self):
        """The futures of those who wait."""
        if self.waiters is None:
            self.waiters = new_line()
        return self.waiters

    @_waiters.setter
    def _waiters(self, value):
        self.waiters = value

    def is_set(self):
        """True while the flag is raised."""
        return self._value

    def set(self):
        """Raises the flag, and wakes everybody who waits for it."""
        self.raise_flag()

    def clear(self):
        """Lowers the flag: who waits from now on waits for the next `set()`."""
        self._value = False

    def wait(self):
        """Waits until the flag is raised, and gives True. At once when it is raised already."""
        return new_wait_event(self)

    cdef int raise_flag(self) except -1:
        if not self._value:
            self._value = True
            if has_any(self.waiters):
                wake_all(self.waiters)
        return 0

    cdef object native_class(self):
        return EventCore

    cdef tuple state_names(self):
        return ("_waiters", "_value")


cdef class WaitEvent(Waiting):
    """`Event.wait()`."""

    cdef bint begin(self) except -1:
        cdef EventCore event = self.event
        if event._value:
            self.value = True
            return True
        if event.waiters is None:
            event.waiters = new_line()
        return self.wait_in(event, event.waiters)

    cdef bint woken(self) except -1:
        self.leave(self.event.waiters)
        self.done_waiting(self.event)
        self.value = True
        return True

    cdef int give_up(self) except -1:
        self.leave(self.event.waiters)
        self.waiter = None
        return 0

    cdef Spares *spares(self) noexcept:
        return &spare_wait_events

    cdef int let_go(self) except -1:
        self.event = None
        return 0

    cdef str name(self):
        return "Event.wait"


cdef WaitEvent new_wait_event(EventCore event):
    cdef WaitEvent wait
    wait = take_spare(&spare_wait_events) if spare_wait_events.count else WaitEvent.__new__(WaitEvent)
    wait.event = event
    return wait


coroutine_function(EventCore.wait)
keep_spares(<PyTypeObject *>WaitEvent, &spare_wait_events)
find_deque_methods(deque)
