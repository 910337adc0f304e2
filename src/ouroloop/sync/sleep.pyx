"""`sleep`: gives the loop's other callbacks their turn, or waits for a time.

A task that sleeps for a while waits for a future, which a timer of its own kind completes: no callback, no context.
Under a loop of another make, or one whose timers or clock a subclass has replaced, the timer is the loop's.
"""

import asyncio

from cpython.object cimport PyTypeObject
from libc.math cimport isnan

from ouroloop.loop.core cimport LoopCore
from ouroloop.loop.timers cimport TimerHandle
from ouroloop.task.future cimport PENDING, Future, new_future
from ouroloop.task.operation cimport PASSES_ON, Operation, Spares, keep_spares, take_spare

from ouroloop.sync.coroutine_mark import coroutine_function

cdef object get_running_loop = asyncio.get_running_loop

cdef Spares spare_sleeps


@coroutine_function
def sleep(delay, result=None):
    """Waits for `delay` seconds, and gives `result`. With 0 or less it only lets the loop run what is ready.

    Raises ValueError for NaN. As `asyncio.sleep`.
    """
    cdef Sleep operation = take_spare(&spare_sleeps) if spare_sleeps.count else Sleep.__new__(Sleep)
    operation.delay = delay
    operation.value = result
    return operation


cdef class WakeTimer(TimerHandle):
    # Completes a future of ours, unless something else has.
    cdef Future future

    cdef int run(self) except -1:
        cdef Future future = self.future
        self.future = None
        if self._cancelled or future.state != PENDING:
            return 0
        return future.finish(None)


cdef class Sleep(Operation):
    """What `await sleep(delay)` awaits."""
    cdef object delay
    cdef object timer        # the handle; None before the first step, and where only a turn is given
    cdef bint has_slept

    cdef str name(self):
        return "sleep"

    cdef bint go_on(self) except -1:
        if self.has_slept:
            return True
        self.has_slept = True
        if self.delay <= 0:
            return False
        if isnan(self.delay):
            raise ValueError("Invalid delay: NaN (not a number)")
        loop = get_running_loop()
        if isinstance(loop, LoopCore):
            self.wait_natively(<LoopCore>loop)
        else:
            self.wait_on(loop)
        return False

    cdef int interrupt(self, object error) except -1:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        return PASSES_ON

    cdef Spares *spares(self) noexcept:
        return &spare_sleeps

    cdef int let_go(self) except -1:
        self.delay = self.timer = None
        self.has_slept = False
        return 0

    cdef int wait_natively(self, LoopCore core) except -1:
        cdef WakeTimer timer
        if core.has_own_clock or core.has_own_call_at or core.has_own_call_soon or core._debug:
            return self.wait_on(core)
        core.check_open()
        timer = WakeTimer.__new__(WakeTimer)
        timer._loop = core
        timer.due = core.now() + <double>self.delay
        timer.future = new_future(core)
        core.timers.push(timer)
        self.timer = timer
        self.waits_on = timer.future
        return 0

    cdef int wait_on(self, object loop) except -1:
        future = loop.create_future()
        self.timer = loop.call_later(self.delay, set_unless_done, future)
        self.waits_on = future
        return 0


def set_unless_done(future):
    if not future.done():
        future.set_result(None)


keep_spares(<PyTypeObject *>Sleep, &spare_sleeps)
