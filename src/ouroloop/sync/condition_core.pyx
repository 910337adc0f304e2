"""The condition: waits for a notification with a lock that is given up meanwhile.

The lock may be anybody's: `acquire`, `release` and `locked` of the condition are then the lock's own bound methods, set
on each object. One that the condition has made itself is asked by the class's methods, because setting three
attributes costs more than all the rest of making a condition. Where the lock is ours and nobody replaced them, it is
used natively.

A wait always ends with the lock held, also when it is cancelled. One that ends with an exception may have used up a
notification, so it notifies somebody else: a wake-up too many is allowed, one too few is not.
"""

import asyncio
from collections import deque

from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

from ouroloop.kernel.errors cimport raise_again, take_raised
from ouroloop.sync.deques cimport append_to, find_deque_methods, has_any
from ouroloop.sync.entering cimport Enterable
from ouroloop.sync.lock_core cimport LockCore, new_acquire_lock
from ouroloop.sync.waiting cimport Waiting, new_line, wait_error, wake
from ouroloop.task.await_slots cimport RAISED, RETURNED, throw_into
from ouroloop.task.operation cimport OVER, PASSES_ON, WAITS, Operation, Spares, keep_spares, take_spare

from ouroloop.sync.coroutine_mark import coroutine_function
from ouroloop.sync.acquired import acquire_by_method
from ouroloop.sync.lock import Lock

cdef extern from "Python.h":
    int PyIter_Send(object coro, object value, PyObject **result)
    int PyObject_GenericSetAttr(object of, object name, object value) except -1
    bint PyCoro_CheckExact(object coro)
    void Py_DECREF(PyObject *owned)

cdef enum:
    NOTIFY_SOME = 16

cdef object CancelledError = asyncio.CancelledError
cdef Spares spare_waits


cdef class ConditionCore(Enterable):
    """ConditionCore(lock=None)
--

    What a condition does, but for `wait_for`.
    """

    def __init__(self, lock=None, *args, **keywords):
        if args or keywords:
            # Refuses them, in its own words.
            asyncio.Condition.__init__(self, lock, *args, **keywords)
        if lock is None:
            self._lock = self.native_lock = Lock()
        else:
            self._use(lock)

    def __repr__(self):
        described = object.__repr__(self)[1:-1]
        state = "locked" if self.locked() else "unlocked"
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

    def _use(self, lock):
        """Takes the lock, and its methods as the condition's own."""
        self._lock = lock
        for name in ("locked", "acquire", "release"):
            PyObject_GenericSetAttr(self, name, getattr(lock, name))
        self.native_lock = <LockCore>lock if isinstance(lock, LockCore) else None

    def locked(self):
        """True while somebody holds the lock."""
        return self._lock.locked()

    def acquire(self):
        """Waits until the lock is free, takes it, and gives True."""
        return self._lock.acquire()

    def release(self):
        """Frees the lock."""
        self._lock.release()

    def wait(self):
        """Gives the lock up, waits until notified, takes the lock again, and gives True.

        It may also end without a notification: look at the state again. Raises RuntimeError when the lock is not held.
        """
        cdef WaitCondition wait
        wait = take_spare(&spare_waits) if spare_waits.count else WaitCondition.__new__(WaitCondition)
        wait.condition = self
        return wait

    def notify(self, n=1):
        """Wakes the `n` who wait longest. Raises RuntimeError when the lock is not held."""
        self.check_locked("notify")
        if self.overrides() & NOTIFY_SOME:
            self._notify(n)
        else:
            self.notify_some(n)

    def notify_all(self):
        """Wakes all who wait. Raises RuntimeError when the lock is not held."""
        self.notify(len(self.waiters) if self.waiters is not None else 0)

    def _notify(self, n):
        self.notify_some(n)

    cdef LockCore direct_lock(self):
        """The lock, where native code may use it without asking anybody; else None."""
        if self.native_lock is None or self.patched or self.native_lock.overrides() != 0:
            return None
        return self.native_lock

    cdef object enter_operation(self):
        cdef LockCore lock = self.direct_lock()
        return acquire_by_method(self) if lock is None else lock.enter_operation()

    cdef int give_back(self) except -1:
        cdef LockCore lock = self.direct_lock()
        if lock is not None:
            return lock.give_back()
        self.release()
        return 0

    cdef int check_locked(self, str purpose) except -1:
        cdef LockCore lock = self.direct_lock()
        if not (self.locked() if lock is None else lock._locked):
            raise RuntimeError(f"cannot {purpose} on un-acquired lock")
        return 0

    cdef int notify_some(self, object count) except -1:
        if not has_any(self.waiters):
            return 0
        left = count
        if left == 1 and wake(self.waiters[0], False):
            return 0
        for waiter in self.waiters:
            if left <= 0:
                break
            if wake(waiter, False):
                left -= 1
        return 0

    cdef int pass_on(self) except -1:
        """Notifies somebody else, with or without the lock."""
        if self.overrides() & NOTIFY_SOME:
            self._notify(1)
        else:
            self.notify_some(1)
        return 0

    cdef object acquiring(self):
        """What acquires the lock: one of our operations, or the iterator of an awaitable."""
        cdef LockCore lock = self.direct_lock()
        if lock is not None:
            return new_acquire_lock(lock)
        awaitable = self.acquire()
        if isinstance(awaitable, Operation) or PyCoro_CheckExact(awaitable):
            return awaitable
        return type(awaitable).__await__(awaitable)

    cdef tuple dispatched(self):
        return ("_get_loop", "acquire", "release", "locked", "_notify")

    cdef object native_class(self):
        return ConditionCore

    cdef tuple state_names(self):
        return ("_lock", "_waiters")


cdef class WaitCondition(Waiting):
    """`Condition.wait()`: first in the condition's line, then in the lock's."""

    cdef bint go_on(self) except -1:
        if self.acquiring is None:
            if self.waiter is None:
                return self.begin()
            self.failure = wait_error(self.waiter)
            self.leave_line()
        if not self.acquire_again(None):
            return False
        error = self.outcome()
        if error is not None:
            raise_again(error)
        self.value = True
        return True

    cdef int interrupt(self, object error) except -1:
        cdef bint is_acquiring = self.acquiring is not None
        if not is_acquiring:
            if self.waiter is None:
                return PASSES_ON
            self.failure = error
            self.leave_line()
        if not self.acquire_again(error if is_acquiring else None):
            return WAITS
        raised = self.outcome()
        if raised is error:
            return PASSES_ON
        if raised is not None:
            raise_again(raised)
        self.value = True
        return OVER

    cdef bint begin(self) except -1:
        cdef ConditionCore condition = self.condition
        condition.check_locked("wait")
        waiter = condition.new_waiter()
        condition.give_back()
        if condition.waiters is None:
            condition.waiters = new_line()
        append_to(condition.waiters, waiter)
        self.waiter = self.waits_on = waiter
        return False

    cdef int leave_line(self) except -1:
        self.leave(self.condition.waiters)
        self.done_waiting(self.condition)
        return 0

    cdef object outcome(self):
        """The exception that the wait ends with, or None. To be asked once, with the lock held."""
        error = self.failure
        if self.last_cancellation is not None:
            error = self.last_cancellation
            if error.__context__ is None and error is not self.failure:
                error.__context__ = self.failure
        self.failure = self.last_cancellation = None
        if error is not None:
            self.condition.pass_on()
        return error

    cdef bint acquire_again(self, object thrown) except -1:
        """Goes on acquiring the lock. True once it is held; cancelling does not keep it from trying again."""
        cdef LockCore lock = self.condition.direct_lock()
        if self.acquiring is None and lock is not None and lock.take():
            return True
        while True:
            try:
                if self.acquiring is None:
                    self.acquiring = self.condition.acquiring()
                if not self.step_acquiring(thrown):
                    return False
                self.acquiring = None
                return True
            except CancelledError as error:
                self.last_cancellation = error
                self.acquiring = thrown = None
            except BaseException as error:
                if error.__context__ is None and error is not self.failure:
                    error.__context__ = self.failure
                self.acquiring = None
                self.condition.pass_on()
                raise

    cdef bint step_acquiring(self, object thrown) except -1:
        """A step of what acquires the lock, `thrown` into it unless None. True when it is over."""
        cdef Operation operation
        cdef PyObject *result = NULL
        cdef int outcome
        if isinstance(self.acquiring, Operation):
            operation = <Operation>self.acquiring
            operation.is_started = operation.is_over = True
            if thrown is None:
                outcome = OVER if operation.go_on() else WAITS
            else:
                outcome = operation.interrupt(thrown)
            if outcome == PASSES_ON:
                raise_again(thrown)
            self.waits_on = operation.waits_on
            return outcome == OVER
        if thrown is None:
            outcome = PyIter_Send(self.acquiring, None, &result)
        elif hasattr(self.acquiring, "throw"):
            outcome = throw_into(self.acquiring, thrown, &result)
        else:
            raise_again(thrown)
        if outcome == RAISED:
            raise_again(take_raised())
        future = <object>result
        Py_DECREF(result)
        if outcome == RETURNED:
            return True
        if future is not None and getattr(future, "_asyncio_future_blocking", None) is None:
            raise RuntimeError(f"Task got bad yield: {future!r}")
        self.waits_on = future
        return False

    cdef Spares *spares(self) noexcept:
        return &spare_waits

    cdef int let_go(self) except -1:
        self.condition = self.acquiring = self.failure = self.last_cancellation = None
        return 0

    cdef str name(self):
        return "Condition.wait"


coroutine_function(ConditionCore.acquire)
coroutine_function(ConditionCore.wait)
keep_spares(<PyTypeObject *>WaitCondition, &spare_waits)
find_deque_methods(deque)
