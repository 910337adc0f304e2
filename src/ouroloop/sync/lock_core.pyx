"""The lock: who waits longest gets it next.

`release()` does not hand the lock over: it completes the first waiter, who takes the lock when it runs. Until then the
lock is free, but nobody else may take it while a waiter stands in line. A waiter that is ended after it was completed
wakes the next one, so the lock is never free with somebody asleep in its line.
"""

import asyncio
from collections import deque

from cpython.object cimport PyTypeObject

from ouroloop.sync.deques cimport find_deque_methods, has_any
from ouroloop.sync.entering cimport Enterable
from ouroloop.sync.waiting cimport Waiting, has_live, new_line, wake
from ouroloop.task.operation cimport Spares, keep_spares, take_spare

from ouroloop.sync.coroutine_mark import coroutine_function

cdef enum:
    WAKE_UP_FIRST = 8

cdef Spares spare_acquire_locks


cdef class LockCore(Enterable):
    """LockCore()
--

    What a lock does; free at first.
    """

    def __init__(self, *args, **keywords):
        """Native, and here, so that making a lock calls no Python; the fields are as they must be already."""
        if args or keywords:
            # Refuses them, in its own words.
            asyncio.Lock.__init__(self, *args, **keywords)

    def __repr__(self):
        described = object.__repr__(self)[1:-1]
        state = "locked" if self._locked else "unlocked"
        waiting = f", waiters:{len(self._waiters)}" if self._waiters else ""
        return f"<{described} [{state}{waiting}]>"

    def locked(self):
        """True while somebody holds it."""
        return self._locked

    def acquire(self):
        """Waits until the lock is free, takes it, and gives True."""
        return new_acquire_lock(self)

    def release(self):
        """Frees the lock: who waits longest may have it next. Raises RuntimeError when nobody holds it."""
        self.give_back()

    def _wake_up_first(self):
        self.wake_first()

    cdef object enter_operation(self):
        cdef AcquireLock acquire = new_acquire_lock(self)
        acquire.enters = True
        return acquire

    cdef bint take(self) except -1:
        """Takes the lock where it is free and nobody has a better claim."""
        if self._locked or (has_any(self._waiters) and has_live(self._waiters)):
            return False
        self._locked = True
        return True

    cdef int give_back(self) except -1:
        if not self._locked:
            raise RuntimeError("Lock is not acquired.")
        self._locked = False
        if has_any(self._waiters):
            self.wake_first()
        return 0

    cdef int wake_first(self) except -1:
        if self.overrides() & WAKE_UP_FIRST:
            self._wake_up_first()
        elif has_any(self._waiters):
            # One that is done already is about to run, and takes the lock or wakes the next.
            wake(self._waiters[0], True)
        return 0

    cdef tuple dispatched(self):
        return ("_get_loop", "acquire", "release", "_wake_up_first")

    cdef object native_class(self):
        return LockCore

    cdef tuple state_names(self):
        return ("_waiters", "_locked")


cdef class AcquireLock(Waiting):
    """`Lock.acquire()`."""

    cdef bint begin(self) except -1:
        cdef LockCore lock = self.lock
        if lock.take():
            self.value = None if self.enters else True
            return True
        if lock._waiters is None:
            lock._waiters = new_line()
        return self.wait_in(lock, lock._waiters)

    cdef bint woken(self) except -1:
        self.leave(self.lock._waiters)
        self.done_waiting(self.lock)
        self.lock._locked = True
        self.value = None if self.enters else True
        return True

    cdef int give_up(self) except -1:
        self.leave(self.lock._waiters)
        self.waiter = None
        if not self.lock._locked:
            self.lock.wake_first()
        return 0

    cdef Spares *spares(self) noexcept:
        return &spare_acquire_locks

    cdef int let_go(self) except -1:
        self.lock = None
        self.enters = False
        return 0

    cdef str name(self):
        return "Lock.__aenter__" if self.enters else "Lock.acquire"


cdef AcquireLock new_acquire_lock(LockCore lock):
    cdef AcquireLock acquire
    acquire = take_spare(&spare_acquire_locks) if spare_acquire_locks.count else AcquireLock.__new__(AcquireLock)
    acquire.lock = lock
    return acquire


coroutine_function(LockCore.acquire)
keep_spares(<PyTypeObject *>AcquireLock, &spare_acquire_locks)
find_deque_methods(deque)
