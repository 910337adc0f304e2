"""What the ready queue holds: anything with a `run()`, and the handle that `call_soon` gives.

A `Runnable` is one entry of the ready queue. A `Handle` runs a Python callback in the context it was made with; tasks
and transports are runnables too (in the layers above), so a ready task needs no handle of its own.

A handle may be cancelled at any time, also while it stands in the queue: `run()` then does nothing, and the callback
and its arguments are dropped at once.

While it stands in the lines of a running loop and nobody has asked anything of it, the garbage collector does not know
it (`spare_memory.pxd`).
"""

import asyncio
import sys

from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

from ouroloop.kernel.errors cimport raise_again, take_raised
from ouroloop.loop.late_context cimport context_of, copy_context, enter_context, learn_contexts, leave_context
from ouroloop.loop.spare_memory cimport track, use_spare_memory

from ouroloop.loop.describe import capture_stack, describe_callback, describe_handle

cdef extern from "Python.h":
    PyObject *PyObject_CallNoArgs(object callback)
    PyObject *PyObject_CallOneArg(object callback, PyObject *argument)
    PyObject *PyObject_CallObject(object callback, object arguments)
    PyObject *PyTuple_GET_ITEM(object arguments, Py_ssize_t index)
    Py_ssize_t PyTuple_GET_SIZE(object arguments)
    void Py_DECREF(PyObject *owned)
    Py_ssize_t references_to "Py_REFCNT"(PyObject *owned)
    size_t CONTEXT_PLACE "offsetof(struct __pyx_obj_8ouroloop_4loop_6handle_Handle, context)"

cdef object HANDLE_CONTRACT = asyncio.Handle
cdef tuple ENDS_THE_LOOP = (SystemExit, KeyboardInterrupt)


cdef class Runnable:
    """One entry of the ready queue."""

    cdef int run(self) except -1:
        raise NotImplementedError("a kind of runnable says what it does")


cdef class LoopState:
    """The part of a loop's core that its handles know."""


cdef class HandleNotes:
    """What few handles have."""


cdef class Handle(Runnable):
    """Handle(callback, args, loop, context=None)
--

    A callback that waits for its turn, as `asyncio.Handle`.

    callback: called with *args in `context` (a `contextvars.Context`; None: a copy of the current one).
    loop: whose exception handler hears of a failure.
    """

    def __init__(self, callback, args, loop, context=None):
        self._callback = callback
        self._args = tuple(args)
        self._loop = loop
        self.context = copy_context() if context is None else context
        track(<PyObject *>self)
        if loop.get_debug():
            self.keep_notes().source_traceback = capture_stack(sys._getframe())

    @property
    def __class__(self):
        # isinstance(handle, asyncio.Handle) holds in other people's code, although the class is our own.
        return HANDLE_CONTRACT

    @property
    def _context(self):
        return self.get_context()

    @property
    def _source_traceback(self):
        return None if self.notes is None else self.notes.source_traceback

    @_source_traceback.setter
    def _source_traceback(self, value):
        self.keep_notes().source_traceback = value

    def get_context(self):
        """The `contextvars.Context` that the callback runs in."""
        return context_of(<PyObject *>self, CONTEXT_PLACE)

    def cancel(self):
        """Makes sure that the callback is not called. Cancelling twice changes nothing."""
        self.revoke()

    def cancelled(self):
        """True once `cancel()` was called."""
        return self._cancelled

    def _run(self):
        self.run()

    def _repr_info(self):
        return describe_handle(self, type(self).__name__)

    def __repr__(self):
        if self.notes is not None and self.notes.cancelled_repr is not None:
            return self.notes.cancelled_repr
        return f"<{' '.join(self._repr_info())}>"

    cdef int revoke(self) except -1:
        if self._cancelled:
            return 0
        self._cancelled = True
        # Who cancels it holds it, and it leaves its line before its time.
        track(<PyObject *>self)
        loop = self._loop
        if (<LoopState>loop)._debug if isinstance(loop, LoopState) else loop.get_debug():
            self.keep_notes().cancelled_repr = repr(self)
        self._callback = None
        self._args = None
        return 0

    cdef int run(self) except -1:
        cdef tuple args = self._args
        cdef object callback = self._callback
        cdef PyObject *result
        if references_to(<PyObject *>self) != 1:
            track(<PyObject *>self)
        if args is None:
            return 0
        cdef int is_borrowed
        cdef PyObject *context = enter_context(<PyObject *>self, CONTEXT_PLACE, &is_borrowed)
        if context == NULL:
            return self.failed(callback, args)
        cdef Py_ssize_t count = PyTuple_GET_SIZE(args)
        if count == 0:
            result = PyObject_CallNoArgs(callback)
        elif count == 1:
            result = PyObject_CallOneArg(callback, PyTuple_GET_ITEM(args, 0))
        else:
            result = PyObject_CallObject(callback, args)
        leave_context(<PyObject *>self, CONTEXT_PLACE, context, is_borrowed)
        if result == NULL:
            return self.failed(callback, args)
        Py_DECREF(result)
        return 0

    cdef bint wake(self) except -1:
        return False

    cdef int failed(self, object callback, tuple args) except -1:
        """Gives the raised exception to the loop's exception handler, but for those that must end the loop."""
        cdef object error = take_raised()
        track(<PyObject *>self)
        if isinstance(error, ENDS_THE_LOOP):
            return raise_again(error)
        described = describe_callback(callback, args, self._loop.get_debug())
        report = {"message": f"Exception in callback {described}", "exception": error, "handle": self}
        if self._source_traceback:
            report["source_traceback"] = self._source_traceback
        self._loop.call_exception_handler(report)
        return 0

    cdef HandleNotes keep_notes(self):
        if self.notes is None:
            self.notes = HandleNotes()
        return self.notes


cdef Handle new_handle(object callback, tuple args, object loop, object context):
    """A handle without the cost of a Python-level constructor. No context means a copy of the current one.

    It is not tracked: whoever puts it anywhere but into a running loop's ready queue sees to that.
    """
    cdef Handle handle = Handle.__new__(Handle)
    handle._callback = callback
    handle._args = args
    handle._loop = loop
    handle.context = copy_context() if context is None else context
    return handle


use_spare_memory(<PyTypeObject *>Handle)
learn_contexts()
