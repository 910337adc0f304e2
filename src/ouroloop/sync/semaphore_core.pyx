"""The semaphore: a number of places, given in the order in which they were asked for.

A release gives the place to the first waiter that is not done: the number is lowered at once, on the waiter's behalf.
A waiter that is ended after that gives its place back.
"""

import asyncio
from collections import deque

from cpython.object cimport PyTypeObject

from ouroloop.sync.deques cimport find_deque_methods, has_any
from ouroloop.sync.entering cimport Enterable
from ouroloop.sync.waiting cimport Waiting, has_live, new_line, wake, was_woken
from ouroloop.task.operation cimport Spares, keep_spares, take_spare

from ouroloop.sync.coroutine_mark import coroutine_function

cdef enum:
    LOCKED = 8
    WAKE_UP_NEXT = 16

cdef Spares spares


cdef class SemaphoreCore(Enterable):
    """SemaphoreCore(value=1)
--

    What a semaphore does.
    """

    def __init__(self, value=1, *args, **keywords):
        if args or keywords:
            # Refuses them, in its own words.
            asyncio.Semaphore.__init__(self, value, *args, **keywords)
        if value < 0:
            raise ValueError("Semaphore initial value must be >= 0")
        self._value = value

    def __repr__(self):
        described = object.__repr__(self)[1:-1]
        state = "locked" if self.locked() else f"unlocked, value:{self._value}"
        waiting = f", waiters:{len(self._waiters)}" if self._waiters else ""
        return f"<{described} [{state}{waiting}]>"

    def locked(self):
        """True when nobody can acquire it at once: no place is free, or others wait for one."""
        return self.is_locked()

    def acquire(self):
        """Waits for a free place, takes it, and gives True."""
        return new_acquire_semaphore(self)

    def release(self):
        """Frees a place, for who waits longest."""
        self.give_back()

    def _wake_up_next(self):
        return self.wake_next()

    cdef object enter_operation(self):
        cdef AcquireSemaphore acquire = new_acquire_semaphore(self)
        acquire.enters = True
        return acquire

    cdef bint is_locked(self) except -1:
        return self._value == 0 or (has_any(self._waiters) and has_live(self._waiters))

    cdef bint take(self) except -1:
        if self.locked() if self.overrides() & LOCKED else self.is_locked():
            return False
        self._value -= 1
        return True

    cdef int give_back(self) except -1:
        self._value += 1
        if self.overrides() & WAKE_UP_NEXT:
            self._wake_up_next()
        elif has_any(self._waiters):
            self.wake_next()
        return 0

    cdef bint wake_next(self) except -1:
        """Gives a place to the first waiter that has none. False when there is nobody."""
        if not has_any(self._waiters):
            return False
        if wake(self._waiters[0], True):
            self._value -= 1
            return True
        for waiter in self._waiters:
            if wake(waiter, True):
                self._value -= 1
                return True
        return False

    cdef int wake_allowed(self) except -1:
        """Wakes as many as there are places: who came while others had yet to run found the semaphore locked."""
        cdef bint is_overridden = self.overrides() & WAKE_UP_NEXT
        while self._value > 0:
            if not (self._wake_up_next() if is_overridden else self.wake_next()):
                break
        return 0

    cdef tuple dispatched(self):
        return ("_get_loop", "acquire", "release", "locked", "_wake_up_next")

    cdef object native_class(self):
        return SemaphoreCore

    cdef tuple state_names(self):
        return ("_waiters", "_value")


cdef class BoundedSemaphoreCore(SemaphoreCore):
    """BoundedSemaphoreCore(value=1)
--

    What a bounded semaphore does.
    """

    def __init__(self, value=1, *args, **keywords):
        if args or keywords:
            asyncio.BoundedSemaphore.__init__(self, value, *args, **keywords)
        self._bound_value = value
        SemaphoreCore.__init__(self, value)

    def release(self):
        """Frees a place, for who waits longest. Raises ValueError when none was taken."""
        self.give_back()

    cdef int give_back(self) except -1:
        if self._value >= self._bound_value:
            raise ValueError("BoundedSemaphore released too many times")
        return SemaphoreCore.give_back(self)

    cdef object native_class(self):
        return BoundedSemaphoreCore

    cdef tuple state_names(self):
        return (*SemaphoreCore.state_names(self), "_bound_value")


cdef class AcquireSemaphore(Waiting):
    """`Semaphore.acquire()`."""

    cdef bint begin(self) except -1:
        cdef SemaphoreCore semaphore = self.semaphore
        if semaphore.take():
            self.value = None if self.enters else True
            return True
        if semaphore._waiters is None:
            semaphore._waiters = new_line()
        return self.wait_in(semaphore, semaphore._waiters)

    cdef bint woken(self) except -1:
        self.leave(self.semaphore._waiters)
        self.done_waiting(self.semaphore)
        self.semaphore.wake_allowed()
        self.value = None if self.enters else True
        return True

    cdef int give_up(self) except -1:
        cdef SemaphoreCore semaphore = self.semaphore
        waiter = self.waiter
        self.leave(semaphore._waiters)
        self.waiter = None
        if was_woken(waiter):
            semaphore._value += 1
        semaphore.wake_allowed()
        return 0

    cdef Spares *spares(self) noexcept:
        return &spares

    cdef int let_go(self) except -1:
        self.semaphore = None
        self.enters = False
        return 0

    cdef str name(self):
        return "Semaphore.__aenter__" if self.enters else "Semaphore.acquire"


cdef AcquireSemaphore new_acquire_semaphore(SemaphoreCore semaphore):
    cdef AcquireSemaphore acquire
    if spares.count:
        acquire = take_spare(&spares)
    else:
        acquire = AcquireSemaphore.__new__(AcquireSemaphore)
    acquire.semaphore = semaphore
    return acquire


coroutine_function(SemaphoreCore.acquire)
keep_spares(<PyTypeObject *>AcquireSemaphore, &spares)
find_deque_methods(deque)
