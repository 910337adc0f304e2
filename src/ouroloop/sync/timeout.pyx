"""Timeouts: a block of code that is cancelled when its time has come, and raises TimeoutError.

The cancellation is the task's own, counted like any other: leaving the block takes it back. When somebody else has
asked for one too, CancelledError goes on its way instead.
"""

import asyncio

from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

from ouroloop.loop.core cimport LoopCore
from ouroloop.loop.spare_memory cimport track, use_spare_memory
from ouroloop.loop.timers cimport TimerHandle
from ouroloop.task.operation cimport Operation, Spares, keep_spares, take_spare
from ouroloop.task.registry cimport current_task_of
from ouroloop.task.task cimport Task

cdef object CancelledError = asyncio.CancelledError
cdef object get_running_loop = asyncio.get_running_loop
cdef object TIMEOUT_CONTRACT = asyncio.Timeout
cdef Spares spare_entries

cdef Spares spare_exits

cdef tuple STATE_NAMES = ("created", "active", "expiring", "expired", "finished")


def timeout(delay):
    """A `Timeout` that ends `delay` seconds from now; None never ends. As `asyncio.timeout`."""
    return time_limit(delay)


cdef Timeout time_limit(object delay):
    cdef Timeout timeout
    loop = get_running_loop()
    if delay is None:
        return new_timeout(None)
    if isinstance(loop, LoopCore):
        timeout = new_timeout((<LoopCore>loop).now() + delay)
        timeout.is_ahead = delay > 0
        return timeout
    return new_timeout(loop.time() + delay)


def timeout_at(when):
    """A `Timeout` that ends when `loop.time()` is `when`; None never ends. As `asyncio.timeout_at`."""
    return new_timeout(when)


cdef class Timeout:
    """Timeout(when)
--

    Cancels what runs inside `async with` once `loop.time()` is `when`, as `asyncio.Timeout`.

    when: seconds on the loop's clock; None never ends. Made by `timeout()` and `timeout_at()`.
    """

    def __init__(self, when):
        track(<PyObject *>self)
        self.deadline = when

    @property
    def __class__(self):
        # isinstance(timeout, asyncio.Timeout) holds in other people's code, although the class is our own.
        return TIMEOUT_CONTRACT

    def when(self):
        """When it ends, in seconds on the loop's clock, or None."""
        return self.deadline

    def reschedule(self, when):
        """Ends at `when` from now on. Raises RuntimeError unless it is entered and its time has not come."""
        if self.state != ENTERED:
            if self.state == CREATED:
                raise RuntimeError("Timeout has not been entered")
            raise RuntimeError(f"Cannot change state of {STATE_NAMES[<int>self.state]} Timeout")
        self.deadline = when
        self.is_ahead = False
        self.stop_timer()
        self.start_timer(get_running_loop())

    def expired(self):
        """True once its time has come while the block ran."""
        return self.state == EXPIRING or self.state == EXPIRED

    def __repr__(self):
        described = f"Timeout [{STATE_NAMES[<int>self.state]}]"
        if self.state == ENTERED:
            described += f" when={None if self.deadline is None else round(self.deadline, 3)}"
        return f"<{described}>"

    def __aenter__(self):
        cdef TimeoutEntry entry
        entry = take_spare(&spare_entries) if spare_entries.count else TimeoutEntry.__new__(TimeoutEntry)
        entry.timeout = self
        return entry

    def __aexit__(self, exc_type, exc_val, exc_tb):
        cdef TimeoutExit leaving
        leaving = take_spare(&spare_exits) if spare_exits.count else TimeoutExit.__new__(TimeoutExit)
        leaving.timeout = self
        leaving.kind = exc_type
        leaving.error = exc_val
        return leaving

    def _on_timeout(self):
        self.expire()

    cdef int enter(self) except -1:
        if self.state != CREATED:
            raise RuntimeError("Timeout has already been entered")
        loop = get_running_loop()
        task = current_task_of(loop)
        if task is None:
            raise RuntimeError("Timeout should be used inside a task")
        self.state = ENTERED
        self.task = task
        self.cancelling_before = (<Task>task).cancels_requested if type(task) is Task else task.cancelling()
        return self.start_timer(loop)

    cdef int leave(self, object kind, object error) except -1:
        cdef object task = self.task
        if self.state != ENTERED and self.state != EXPIRING:
            raise AssertionError("a timeout that is not entered cannot be left")
        self.stop_timer()
        self.task = None
        if self.state == ENTERED:
            self.state = EXITED
            return 0
        self.state = EXPIRED
        if task.uncancel() > self.cancelling_before or kind is None:
            return 0
        # Nobody else asked to cancel the task: this was the timeout alone.
        if issubclass(kind, CancelledError):
            raise TimeoutError from error
        if error is not None:
            name_the_timeout(error)
            if isinstance(error, ExceptionGroup):
                for part in error.exceptions:
                    name_the_timeout(part)
        return 0

    cdef int start_timer(self, object loop) except -1:
        cdef LoopCore core
        cdef DeadlineTimer timer
        if self.deadline is None:
            return 0
        if type(self.deadline) is float and isinstance(loop, LoopCore):
            core = <LoopCore>loop
            if not (core.has_own_clock or core.has_own_call_at or core.has_own_call_soon or core._debug):
                timer = DeadlineTimer.__new__(DeadlineTimer)
                timer._loop = core
                timer.due = self.deadline
                timer.timeout = self
                self.timer = timer
                if not self.is_ahead and timer.due <= core.now():
                    return core.push(timer)
                return core.timers.push(timer)
        if self.deadline <= loop.time():
            self.timer = loop.call_soon(self._on_timeout)
        else:
            self.timer = loop.call_at(self.deadline, self._on_timeout)
        return 0

    cdef int stop_timer(self) except -1:
        cdef DeadlineTimer timer
        if self.timer is None:
            return 0
        if type(self.timer) is DeadlineTimer:
            timer = <DeadlineTimer>self.timer
            timer.timeout = None
            timer._cancelled = True
            if timer.heap is not None:
                timer.heap.note_cancelled(timer)
        else:
            self.timer.cancel()
        self.timer = None
        return 0

    cdef int expire(self) except -1:
        if self.state != ENTERED:
            raise AssertionError("a timeout expires once, while it is entered")
        self.task.cancel()
        self.state = EXPIRING
        self.timer = None
        return 0


cdef Timeout new_timeout(object deadline):
    """As `Timeout()`, without the cost of a Python-level constructor."""
    cdef Timeout timeout = Timeout.__new__(Timeout)
    track(<PyObject *>timeout)
    timeout.deadline = deadline
    return timeout


cdef int name_the_timeout(object error) except -1:
    """Puts a TimeoutError where the exception says that it was raised while a cancellation was handled."""
    context = error.__context__
    while context is not None:
        if isinstance(context, CancelledError):
            timed_out = TimeoutError()
            timed_out.__context__ = timed_out.__cause__ = context
            error.__context__ = timed_out
            return 0
        error = context
        context = error.__context__
    return 0


cdef class DeadlineTimer(TimerHandle):
    """Ends a timeout. Outside of the loop's lines it refers to the loop alone, so the collector does not know it."""

    cdef int run(self) except -1:
        cdef Timeout timeout = self.timeout
        self.timeout = None
        return 0 if timeout is None else timeout.expire()


cdef class TimeoutEntry(Operation):
    """What `__aenter__` gives."""

    cdef str name(self):
        return "Timeout.__aenter__"

    cdef bint go_on(self) except -1:
        self.timeout.enter()
        self.value = self.timeout
        return True

    cdef Spares *spares(self) noexcept:
        return &spare_entries

    cdef int let_go(self) except -1:
        self.timeout = None
        return 0


cdef class TimeoutExit(Operation):
    """What `__aexit__` gives."""

    cdef str name(self):
        return "Timeout.__aexit__"

    cdef bint go_on(self) except -1:
        error = self.error
        self.error = None
        self.timeout.leave(self.kind, error)
        return True

    cdef Spares *spares(self) noexcept:
        return &spare_exits

    cdef int let_go(self) except -1:
        self.timeout = None
        self.kind = self.error = None
        return 0


use_spare_memory(<PyTypeObject *>Timeout)
use_spare_memory(<PyTypeObject *>DeadlineTimer)
keep_spares(<PyTypeObject *>TimeoutEntry, &spare_entries)
keep_spares(<PyTypeObject *>TimeoutExit, &spare_exits)
