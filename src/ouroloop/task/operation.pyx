"""A native coroutine: what an `async def` would be if compiled ones had all that tools ask for.

Awaiting one costs an allocation and no frame, so what is over at once (a free lock, bytes that are there already) is
nearly free. Each kind overrides `go_on`, which is called at the first step and again whenever what it waits for is
done: it says whether the operation is over, with `value`, or sets `waits_on` and waits. The coroutine protocol around
it is written here once: `send`, `throw`, `close`, `await`, and the warning about what nobody awaited.

An operation is awaited once, by one task. It works under any loop's tasks: a future of ours is yielded natively, one of
another make by the documented protocol (`_asyncio_future_blocking`).
"""

import collections.abc
import warnings

from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

from ouroloop.task.await_slots cimport set_error, set_slots, set_stop_iteration, set_throw, thrown_error
from ouroloop.task.future cimport Future
from ouroloop.task.task cimport Task

cdef extern from "Python.h":
    void Py_INCREF(PyObject *owned)
    void Py_DECREF(PyObject *owned)

cdef enum:
    # As PySendResult.
    RETURNED = 0
    YIELDED = 1


cdef class Operation:
    """What a native method gives to `await`, as `types.CoroutineType`."""

    def __del__(self):
        if self.is_over:
            return
        if not self.is_started:
            warnings.warn(f"coroutine '{self.name()}' was never awaited", RuntimeWarning, stacklevel=1)
            return
        # As a coroutine that is dropped while it waits: it cleans up. One that refuses to end is told twice, so that
        # it does not stand in a line that others wait in.
        try:
            self.close()
        except RuntimeError:
            self.close()

    def __repr__(self):
        return f"<coroutine object {self.name()} at {id(self):#x}>"

    def __await__(self):
        return self

    def __iter__(self):
        # What `__await__` gives is an iterator: `yield from operation.__await__()` asks for this.
        return self

    def __next__(self):
        return self.send(None)

    def send(self, value, /):
        """Goes on; as `coroutine.send`. The value is of no use here."""
        cdef PyObject *result = NULL
        if operation_send(<PyObject *>self, <PyObject *>value, &result) == YIELDED:
            return owned(result)
        raise StopIteration(owned(result))

    def close(self):
        """Gives up; as `coroutine.close`."""
        if not self.is_started:
            self.is_over = True
        if self.is_over:
            return
        try:
            self.throw(GeneratorExit())
        except (GeneratorExit, StopIteration):
            return
        raise RuntimeError("coroutine ignored GeneratorExit")

    @property
    def __name__(self):
        return self.name().rpartition(".")[2]

    @property
    def __qualname__(self):
        return self.name()

    @property
    def cr_frame(self):
        """None: native code has no frame. There is no `cr_await` either: who walks a call graph by it wants frames."""
        return None

    @property
    def cr_running(self):
        """True during a step."""
        return self.is_running

    cdef bint go_on(self) except -1:
        raise NotImplementedError

    cdef int interrupt(self, object error) except -1:
        return PASSES_ON

    cdef str name(self):
        return type(self).__name__


cdef int operation_send(PyObject *operation, PyObject *value, PyObject **result) except -1:
    cdef Operation self = <Operation>operation
    result[0] = NULL
    check_can_go_on(self)
    self.is_started = True
    self.is_running = True
    try:
        return handed_out(self, self.go_on(), result)
    except BaseException:
        self.is_over = True
        raise
    finally:
        self.is_running = False


cdef PyObject *operation_next(PyObject *operation) except? NULL:
    # NULL without an exception is the iterator's way to return None.
    cdef PyObject *result = NULL
    if operation_send(operation, <PyObject *>None, &result) == YIELDED:
        return result
    value = owned(result)
    if value is not None:
        set_stop_iteration(value)
    return NULL


cdef PyObject *operation_throw(PyObject *operation, PyObject *args) except? NULL:
    """`throw()`: raises an exception at the point where it waits; as `coroutine.throw`."""
    cdef Operation self = <Operation>operation
    cdef PyObject *result = NULL
    cdef int outcome = PASSES_ON
    error = thrown_error(<tuple>args)
    check_can_go_on(self)
    if self.is_started:
        outcome = interrupted(self, error)
    self.is_started = True
    if outcome == PASSES_ON:
        self.is_over = True
        set_error(error)
    elif handed_out(self, outcome == OVER, &result) == RETURNED:
        value = owned(result)
        set_stop_iteration(value)
        return NULL
    return result


cdef int interrupted(Operation self, object error) except -1:
    self.is_running = True
    try:
        return self.interrupt(error)
    except BaseException:
        self.is_over = True
        raise
    finally:
        self.is_running = False


cdef int check_can_go_on(Operation self) except -1:
    if self.is_over:
        raise RuntimeError("cannot reuse already awaited coroutine")
    if self.is_running:
        raise ValueError("coroutine already executing")
    return 0


cdef int handed_out(Operation self, bint over, PyObject **result) except -1:
    """What the step gives to whoever drives it: the result, or the future to wait for."""
    if over:
        self.is_over = True
        result[0] = <PyObject *>self.value
        Py_INCREF(result[0])
        self.waits_on = None
        self.value = None
        return RETURNED
    future = self.waits_on
    if type(future) is Future or type(future) is Task:
        (<Future>future).blocking = True
    elif future is not None:
        future._asyncio_future_blocking = True
    result[0] = <PyObject *>future
    Py_INCREF(result[0])
    return YIELDED


cdef object owned(PyObject *result):
    """The object whose reference `result` carries."""
    value = <object>result
    Py_DECREF(result)
    return value


set_throw(<PyTypeObject *>Operation, <void *>operation_throw)
set_slots(<PyTypeObject *>Operation, <void *>operation_next, <void *>operation_send)
collections.abc.Coroutine.register(Operation)
