"""`wait_for`: one awaitable, with a time limit.

What is awaited is driven in the caller's task and inside a `Timeout`, as by an `await` in a coroutine: what it yields
goes to the task as it is, what is thrown in goes to it.
"""

import types

from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

from ouroloop.kernel.errors cimport raise_again, take_raised
from ouroloop.sync.timeout cimport ENTERED, Timeout, time_limit
from ouroloop.task.await_slots cimport RAISED, RETURNED, throw_into
from ouroloop.task.operation cimport OVER, WAITS, Operation, Spares, keep_spares, take_spare

from ouroloop.sync.coroutine_mark import coroutine_function
from ouroloop.sync.wait_for_general import wait_for as wait_for_general

cdef extern from "Python.h":
    int PyIter_Send(object iterator, object value, PyObject **result)
    void Py_DECREF(PyObject *owned)

cdef object CoroutineType = types.CoroutineType
cdef Spares spare_waits


@coroutine_function
def wait_for(fut, timeout):
    """Awaits `fut`, `timeout` seconds at most, and gives its result; `asyncio.wait_for`.

    Past the limit it is cancelled and TimeoutError is raised, unless it refuses: then its own outcome counts. With 0 or
    less a coroutine is not even started. None waits for ever.
    """
    cdef WaitFor waiting
    if not (timeout is None or ((type(timeout) is float or type(timeout) is int) and timeout > 0)):
        return wait_for_general(fut, timeout)
    if not (type(fut) is CoroutineType or isinstance(fut, Operation) or hasattr(type(fut), "__await__")):
        return wait_for_general(fut, timeout)
    waiting = take_spare(&spare_waits) if spare_waits.count else WaitFor.__new__(WaitFor)
    waiting.awaited = fut
    waiting.seconds = timeout
    waiting.is_relay = True
    return waiting


cdef class WaitFor(Operation):
    """What `await wait_for(awaitable, seconds)` awaits."""

    @property
    def _awaits(self):
        """What it awaits, for who draws a call graph: an operation has no frame of its own."""
        return self.awaited

    cdef str name(self):
        return "wait_for"

    cdef bint go_on(self) except -1:
        cdef PyObject *result = NULL
        cdef int outcome
        if self.limit is None:
            self.start()
        outcome = PyIter_Send(self.awaited, None, &result)
        return self.has_stepped(outcome, result)

    cdef int interrupt(self, object error) except -1:
        cdef PyObject *result = NULL
        cdef int outcome
        if isinstance(error, GeneratorExit) or not hasattr(self.awaited, "throw"):
            try:
                if hasattr(self.awaited, "close"):
                    self.awaited.close()
            except BaseException as refusal:
                error = refusal
            return self.fail(error)
        outcome = throw_into(self.awaited, error, &result)
        return OVER if self.has_stepped(outcome, result) else WAITS

    cdef int start(self) except -1:
        cdef Timeout limit = time_limit(self.seconds)
        limit.enter()
        self.limit = limit
        if type(self.awaited) is CoroutineType:
            if self.awaited.cr_await is not None:
                self.fail(RuntimeError("coroutine is being awaited already"))
        elif not isinstance(self.awaited, Operation) or (<Operation>self.awaited).is_suspended():
            try:
                self.awaited = self.awaited.__await__()
            except BaseException as error:
                self.fail(error)
        return 0

    cdef bint has_stepped(self, int outcome, PyObject *result) except -1:
        """True when the awaitable is over. What it yields or returns is in `result`, as PyIter_Send gives it."""
        if outcome == RAISED:
            self.fail(take_raised())
        value = <object>result
        Py_DECREF(result)
        if outcome == RETURNED:
            self.limit.leave(None, None)
            self.value = value
            return True
        self.waits_on = value
        return False

    cdef int fail(self, object error) except -1:
        """Leaves the limit because of an exception, and raises what comes of it."""
        if self.limit.state == ENTERED:
            self.limit.leave(type(error), error)
            return raise_again(error)
        try:
            raise_again(error)
        except BaseException:
            self.limit.leave(type(error), error)
            raise

    cdef Spares *spares(self) noexcept:
        return &spare_waits

    cdef int let_go(self) except -1:
        self.awaited = self.seconds = None
        self.limit = None
        return 0


keep_spares(<PyTypeObject *>WaitFor, &spare_waits)
