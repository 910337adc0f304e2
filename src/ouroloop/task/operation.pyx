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

from ouroloop.kernel.errors cimport raise_again, take_raised
from ouroloop.task.await_slots cimport (
    RETURNED,
    YIELDED,
    forget_handed_over,
    hand_over,
    set_error,
    set_slots,
    set_stop_iteration,
    set_throw,
    thrown_error,
)
from ouroloop.task.future cimport Future
from ouroloop.task.task cimport Task

cdef extern from "Python.h":
    void Py_INCREF(PyObject *owned)
    void Py_DECREF(PyObject *owned)

cdef extern from *:
    """
    #define OUROLOOP_GO_ON(operation) ((operation)->__pyx_vtab->go_on(operation))
    #define OUROLOOP_INTERRUPT(operation, error) ((operation)->__pyx_vtab->interrupt(operation, error))
    #define OUROLOOP_TAKE_VALUE(operation) ouroloop_take(&(operation)->value)

    static inline PyObject *ouroloop_take(PyObject **place) {
        PyObject *taken = *place;
        *place = Py_NewRef(Py_None);
        return taken;
    }

    static int ouroloop_may_be_kept(PyObject *operation, ouroloop_spares *spares) {
        PyTypeObject *kind = Py_TYPE(operation);
        PyObject **weak_references = (PyObject **)((char *)operation + kind->tp_weaklistoffset);
        return spares->count < 8 && kind == spares->kind && *weak_references == NULL;
    }

    /* Whether the garbage collector is at it just now, and will finalize and clear it: what is as new must be spared
       that. The bit is _PyGC_PREV_MASK_COLLECTING of CPython's pycore_gc.h, in the word before the object. */
    static inline int ouroloop_is_collected(PyObject *operation) {
    #if PY_VERSION_HEX < 0x03100000 && !defined(Py_GIL_DISABLED)
        return (((uintptr_t *)operation)[-1] & 2) != 0;
    #else
        return 1;
    #endif
    }

    static int ouroloop_keep(PyObject *operation, ouroloop_spares *spares) {
        if (spares->count == 8 || Py_REFCNT(operation) != 1 || ouroloop_is_collected(operation)) {
            return 0;
        }
        spares->kept[spares->count++] = operation;
        return 1;
    }

    /* Instead of the destructor that Cython made. That one calls the finalizer only where it is the type's own. */
    static int (*ouroloop_become_spare)(PyObject *);
    static ouroloop_spares *(*ouroloop_spares_of)(PyObject *);

    static void ouroloop_dealloc(PyObject *operation) {
        ouroloop_spares *spares;
        Py_SET_REFCNT(operation, 1);
        if (ouroloop_become_spare(operation)) {
            return;
        }
        spares = ouroloop_spares_of(operation);
        Py_SET_REFCNT(operation, Py_REFCNT(operation) - 1);
        if (Py_REFCNT(operation) == 0 && PyObject_CallFinalizerFromDealloc(operation) == 0) {
            spares->dealloc(operation);
        }
    }

    static void ouroloop_keep_spares(PyTypeObject *kind, ouroloop_spares *spares) {
        spares->kind = kind;
        spares->dealloc = kind->tp_dealloc;
        kind->tp_dealloc = ouroloop_dealloc;
    }
    """
    # The steps of a kind, with their exceptions left to the caller: they go to whoever drives the operation.
    int go_on_quietly "OUROLOOP_GO_ON"(Operation operation) noexcept
    int interrupt_quietly "OUROLOOP_INTERRUPT"(Operation operation, object error) noexcept
    # The value, and the reference that the operation has to it.
    PyObject *take_value "OUROLOOP_TAKE_VALUE"(Operation operation) noexcept
    bint may_be_kept "ouroloop_may_be_kept"(PyObject *operation, Spares *spares) noexcept
    bint keep "ouroloop_keep"(PyObject *operation, Spares *spares) noexcept
    void use_spares "ouroloop_keep_spares"(PyTypeObject *kind, Spares *spares) noexcept
    int (*become_spare_of "ouroloop_become_spare")(PyObject *) noexcept
    Spares *(*spares_of "ouroloop_spares_of")(PyObject *) noexcept


cdef class Operation:
    """What a native method gives to `await`, as `types.CoroutineType`."""

    def __del__(self):
        # It is called once only, and the next use might need it.
        self.is_used_up = True
        self.finalize()

    def __repr__(self):
        return f"<coroutine object {self.name()} at {id(self):#x}>"

    def __await__(self):
        if self.is_suspended():
            raise RuntimeError("coroutine is being awaited already")
        return self

    def __iter__(self):
        # What `__await__` gives is an iterator: `yield from operation.__await__()` asks for this.
        return self

    def __next__(self):
        return self.send(None)

    def send(self, value, /):
        """Goes on; as `coroutine.send`. The value is of no use here."""
        cdef PyObject *result = NULL
        cdef int outcome = operation_send(<PyObject *>self, <PyObject *>value, &result)
        if outcome == YIELDED:
            return owned(result)
        if outcome == RETURNED:
            raise StopIteration(owned(result))
        raise_again(take_raised())

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

    @property
    def cr_suspended(self):
        """True between its steps."""
        return self.is_suspended()

    cdef bint is_suspended(self) noexcept:
        return self.is_started and not self.is_running and not self.is_over

    cdef bint go_on(self) except -1:
        raise NotImplementedError

    cdef int interrupt(self, object error) except -1:
        return PASSES_ON

    cdef str name(self):
        return type(self).__name__

    cdef Spares *spares(self) noexcept:
        return NULL

    cdef int let_go(self) except -1:
        return 0

    cdef int finalize(self) except -1:
        if self.is_over:
            return 0
        if not self.is_started:
            warnings.warn(f"coroutine '{self.name()}' was never awaited", RuntimeWarning, stacklevel=1)
            return 0
        # As a coroutine that is dropped while it waits: it cleans up. One that refuses to end is told twice, so that
        # it does not stand in a line that others wait in.
        try:
            self.close()
        except RuntimeError:
            self.close()
        return 0

    cdef bint become_spare(self) noexcept:
        """Makes it as new, and keeps it. False when it is to be freed."""
        cdef Spares *spares = self.spares()
        if self.has_handed_over:
            self.has_handed_over = False
            forget_handed_over()
        if not self.is_over or self.is_used_up or not may_be_kept(<PyObject *>self, spares):
            return False
        if self.waits_on is not None:
            self.waits_on = None
        if self.value is not None:
            self.value = None
        self.let_go()
        if not keep(<PyObject *>self, spares):
            return False
        self.is_started = self.is_running = self.is_over = False
        return True


cdef int operation_send(PyObject *operation, PyObject *value, PyObject **result) noexcept:
    """As PySendResult; -1 with an exception set."""
    cdef Operation self = <Operation>operation
    cdef int outcome
    result[0] = NULL
    if self.is_over or self.is_running:
        refuse(self)
        return -1
    if not self.is_started and value != <PyObject *>None:
        set_error(TypeError("can't send non-None value to a just-started coroutine"))
        return -1
    self.is_started = self.is_running = True
    outcome = go_on_quietly(self)
    self.is_running = False
    if outcome == OVER:
        self.is_over = True
        if self.waits_on is not None:
            self.waits_on = None
        result[0] = take_value(self)
        return RETURNED
    if outcome == WAITS:
        outcome = yielded(self, result)
        if outcome == YIELDED:
            return YIELDED
    self.is_over = self.is_used_up = True
    return -1


cdef PyObject *operation_next(PyObject *operation) noexcept:
    # NULL without an exception is the iterator's way to return None.
    cdef PyObject *result = NULL
    if operation_send(operation, <PyObject *>None, &result) == RETURNED:
        if result != <PyObject *>None:
            return stop_with(operation, result)
        Py_DECREF(result)
        return NULL
    return result


cdef PyObject *stop_with(PyObject *operation, PyObject *result) noexcept:
    value = owned(result)
    if (<Operation>operation).spares() != NULL:
        (<Operation>operation).has_handed_over = True
        hand_over(value)
    else:
        set_stop_iteration(value)
    return NULL


cdef int refuse(Operation self) noexcept:
    if self.is_over:
        set_error(RuntimeError("cannot reuse already awaited coroutine"))
    else:
        set_error(ValueError("coroutine already executing"))
    return 0


cdef int yielded(Operation self, PyObject **result) noexcept:
    """Gives the future to wait for to whoever drives the operation."""
    future = self.waits_on
    if self.is_relay:
        pass
    elif type(future) is Future or type(future) is Task:
        (<Future>future).blocking = True
    elif future is not None:
        try:
            future._asyncio_future_blocking = True
        except BaseException as error:
            set_error(error)
            return -1
    result[0] = <PyObject *>future
    Py_INCREF(result[0])
    return YIELDED


cdef PyObject *operation_throw(PyObject *operation, PyObject *args) noexcept:
    """`throw()`: raises an exception at the point where it waits; as `coroutine.throw`."""
    cdef Operation self = <Operation>operation
    cdef PyObject *result = NULL
    cdef int outcome = PASSES_ON
    error = thrown_error(<tuple>args, "exceptions must be classes or instances deriving from BaseException, not {}")
    if self.is_over or self.is_running:
        refuse(self)
        return NULL
    if self.is_started:
        self.is_running = True
        outcome = interrupt_quietly(self, error)
        self.is_running = False
    self.is_started = True
    if outcome == WAITS and yielded(self, &result) == YIELDED:
        return result
    self.is_over = True
    self.waits_on = None
    if outcome == PASSES_ON:
        set_error(error)
    elif outcome == -1:
        self.is_used_up = True
    elif outcome == OVER:
        set_stop_iteration(owned(take_value(self)))
    return NULL


cdef int operation_becomes_spare(PyObject *operation) noexcept:
    return (<Operation>operation).become_spare()


cdef Spares *operation_spares(PyObject *operation) noexcept:
    return (<Operation>operation).spares()


cdef int keep_spares(PyTypeObject *kind, Spares *spares) noexcept:
    use_spares(kind, spares)
    return 0


cdef object owned(PyObject *result):
    """The object whose reference `result` carries."""
    value = <object>result
    Py_DECREF(result)
    return value


become_spare_of = operation_becomes_spare
spares_of = operation_spares
set_throw(<PyTypeObject *>Operation, <void *>operation_throw)
set_slots(<PyTypeObject *>Operation, <void *>operation_next, <void *>operation_send)
collections.abc.Coroutine.register(Operation)
