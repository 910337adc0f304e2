"""The future: a result that is not there yet, who waits for it, and how it is awaited.

A future belongs to one loop, and only that loop's thread touches it. Callbacks run in the order they were added, each
in the context it was added with, from the loop's ready queue and never from `set_result` itself. The task that awaits
a future is stored as itself and queued as itself: no handle, no bound method.

The semantics are `asyncio.Future`'s to the letter; `isinstance(future, asyncio.Future)` holds although the class is our
own, because other people's code asks.
"""

import asyncio
import contextvars
import sys
import types

cimport cython
from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

from ouroloop.loop.core cimport LoopCore
from ouroloop.loop.handle cimport Runnable, new_handle
from ouroloop.loop.late_context cimport as_context, copy_context, learn_contexts
from ouroloop.loop.spare_memory cimport track, use_spare_memory
from ouroloop.task.await_slots cimport set_error, set_slots, set_stop_iteration, set_throw, thrown_error
from ouroloop.task.late_attributes cimport keep_attributes
from ouroloop.task.quiet_end cimport end_quietly

from ouroloop.loop.describe import capture_stack
from ouroloop.task.current import current_loop
from ouroloop.task.describe import describe_future, future_parts

cdef extern from "Python.h":
    object PyException_GetTraceback_or_none "ouroloop_get_traceback"(object error)
    int PyException_SetTraceback(object error, object traceback) except -1
    void Py_INCREF(PyObject *owned)
    void Py_DECREF(PyObject *owned)
    Py_ssize_t references_to "Py_REFCNT"(PyObject *owned)

cdef extern from *:
    """
    static inline PyObject *ouroloop_get_traceback(PyObject *error) {
        PyObject *traceback = PyException_GetTraceback(error);
        return traceback != NULL ? traceback : Py_NewRef(Py_None);
    }
    """

cdef object FUTURE_CONTRACT = asyncio.Future
cdef object CancelledError = asyncio.CancelledError
cdef object InvalidStateError = asyncio.InvalidStateError
cdef tuple STATE_NAMES = ("PENDING", "CANCELLED", "FINISHED")


cdef class Future(Runnable):
    """Future(*, loop=None)
--

    A result that arrives later, as `asyncio.Future`.

    loop: the event loop it belongs to; None takes the current one.
    """

    def __init__(self, *, loop=None):
        if self._loop is not None:
            raise RuntimeError(f"{type(self).__name__} object is already initialized")
        track(<PyObject *>self)
        self.bind(current_loop() if loop is None else loop)

    def __del__(self):
        self.report_unretrieved()

    @classmethod
    def __class_getitem__(cls, item):
        return types.GenericAlias(cls, item)

    @property
    def __class__(self):
        return FUTURE_CONTRACT

    cdef int bind(self, object loop) except -1:
        self._loop = loop
        if isinstance(loop, LoopCore) and not (<LoopCore>loop).has_own_call_soon:
            self.core = <LoopCore>loop
        if self.core._debug if self.core is not None else loop.get_debug():
            self._source_traceback = capture_stack(sys._getframe())
        return 0

    # What a user asks

    def get_loop(self):
        """The event loop that the future belongs to."""
        self.check_initialized()
        return self._loop

    def done(self):
        """True once it has a result or an exception, or was cancelled."""
        return self.state != PENDING

    def cancelled(self):
        """True once it was cancelled."""
        return self.state == CANCELLED

    def result(self):
        """The result. Raises its exception, CancelledError, or InvalidStateError while it has none."""
        if self.state == FINISHED and self.error is None:
            self.log_traceback = False
            return self.value
        if self.state == PENDING:
            raise InvalidStateError("Result is not set.")
        raise self.outcome_error()

    def exception(self):
        """The exception, or None. Raises CancelledError, or InvalidStateError while it is not done."""
        if self.state == CANCELLED:
            raise self.take_cancelled_error()
        if self.state == PENDING:
            raise InvalidStateError("Exception is not set.")
        self.log_traceback = False
        return self.error

    # What completes it

    def set_result(self, result, /):
        """Completes it with `result`. Raises InvalidStateError when it is done already."""
        self.check_initialized()
        if self.state != PENDING:
            raise InvalidStateError("invalid state")
        self.finish(result)

    def set_exception(self, exception, /):
        """Completes it with an exception: an instance, or a class that is called without arguments.

        Raises InvalidStateError when it is done already, TypeError for what is no exception. A StopIteration is
        wrapped in a RuntimeError, because no coroutine can be made to raise one.
        """
        self.check_initialized()
        if self.state != PENDING:
            raise InvalidStateError("invalid state")
        error = exception() if isinstance(exception, type) else exception
        if not isinstance(error, BaseException):
            raise TypeError("invalid exception object")
        if isinstance(error, StopIteration):
            wrapped = RuntimeError("StopIteration interacts badly with generators and cannot be raised into a Future")
            wrapped.__cause__ = wrapped.__context__ = error
            error = wrapped
        self.fail(error)

    def cancel(self, msg=None):
        """Cancels it; `msg` goes into the CancelledError. False when it is done already."""
        self.check_initialized()
        return self.mark_cancelled(msg)

    # Who waits for it

    def add_done_callback(self, fn, /, *, context=None):
        """Has the loop call `fn(self)` once it is done, in `context` (None: a copy of the current one)."""
        self.check_initialized()
        self.add_callback(fn, copy_context() if context is None else context)

    def remove_done_callback(self, fn, /):
        """Takes back every callback that equals `fn`, and returns how many there were."""
        self.check_initialized()
        cdef list kept = []
        cdef int removed = 0
        for entry in self.callback_entries():
            if entry[1] is not None and (entry[0] is fn or entry[0] == fn):
                removed += 1
            else:
                kept.append(entry)
        # Comparing may have run the user's code: what it did to a future that is done now stands.
        if removed and self.state == PENDING:
            self.first_callback = self.first_context = self.more_callbacks = None
            if kept:
                self.more_callbacks = kept
        return removed

    def __await__(self):
        self.check_initialized()
        cdef FutureIterator iterator = FutureIterator.__new__(FutureIterator)
        iterator.future = self
        return iterator

    def __iter__(self):
        return self.__await__()

    def __repr__(self):
        self.check_initialized()
        return describe_future(self)

    def _repr_info(self):
        return future_parts(self)

    def _make_cancelled_error(self):
        return self.take_cancelled_error()

    # What other implementations and tools look at

    @property
    def _asyncio_future_blocking(self):
        return self.blocking

    @_asyncio_future_blocking.setter
    def _asyncio_future_blocking(self, value):
        self.blocking = value

    @_asyncio_future_blocking.deleter
    def _asyncio_future_blocking(self):
        raise AttributeError("cannot delete attribute")

    @property
    def _log_traceback(self):
        return self.log_traceback

    @_log_traceback.setter
    def _log_traceback(self, value):
        if value:
            raise ValueError("_log_traceback can only be set to False")
        self.log_traceback = False

    @_log_traceback.deleter
    def _log_traceback(self):
        raise AttributeError("cannot delete attribute")

    @property
    def _state(self):
        return STATE_NAMES[<int>self.state]

    @property
    def _result(self):
        return self.value

    @property
    def _exception(self):
        return self.error

    @property
    def _exception_tb(self):
        return self.error_traceback

    @property
    def _asyncio_awaited_by(self):
        """The set of tasks that await it, or None; the standard library's call graphs read it (3.14)."""
        return set(awaited_by()(self)) or None

    @property
    def _callbacks(self):
        """List of (callback, context), or None. A task that awaits shows as its wake-up."""
        callbacks = [
            (callback, context) if context is not None
            else (callback._wakeup, callback.get_context()) if hasattr(callback, "_wakeup")
            else (callback, contextvars.copy_context())
            for callback, context in self.callback_entries()
        ]
        return callbacks or None

    def callback_entries(self):
        """The callbacks as they are stored: (callback, context), or (task or follower, None)."""
        cdef list more = self.more_callbacks
        cdef Py_ssize_t place
        if self.first_context is not None:
            context = as_context(self.first_context)
            # Making one may have run a finalizer.
            if self.first_context is not None:
                self.first_context = context
        if more is not None:
            for place, (callback, context) in enumerate(list(more)):
                if context is not None and place < len(more) and more[place][0] is callback:
                    more[place] = callback, as_context(context)
        entries = [] if self.first_callback is None else [(self.first_callback, self.first_context)]
        return entries + (self.more_callbacks or [])

    # Inside

    cdef bint needs(self, object future) except -1:
        return self is future

    cdef int check_initialized(self) except -1:
        if self._loop is None:
            raise RuntimeError("Future object is not initialized.")
        return 0

    cdef int add_waiter(self, Runnable waiter) except -1:
        """Queues `waiter` itself once the future is done. Only where `core` is there."""
        if self.state != PENDING:
            return self.core.push(waiter)
        if self.first_callback is None and self.more_callbacks is None:
            self.first_callback = waiter
        elif self.more_callbacks is None:
            self.more_callbacks = [(waiter, None)]
        else:
            self.more_callbacks.append((waiter, None))
        return 0

    cdef int remove_waiter(self, Runnable waiter) except -1:
        """Takes `add_waiter` back. What is queued already stays queued."""
        if self.first_context is None and self.first_callback is waiter:
            self.first_callback = None
        elif self.more_callbacks is not None:
            self.more_callbacks = [entry for entry in self.more_callbacks if entry[0] is not waiter] or None
        return 0

    cdef int add_callback(self, object callback, object context) except -1:
        if self.state != PENDING:
            return self.schedule(callback, context)
        if self.first_callback is None and self.more_callbacks is None and callback is not None:
            self.first_callback = callback
            self.first_context = context
        elif self.more_callbacks is None:
            self.more_callbacks = [(callback, context)]
        else:
            self.more_callbacks.append((callback, context))
        return 0

    cdef int finish(self, object value) except -1:
        self.value = value
        self.state = FINISHED
        return self.schedule_callbacks()

    cdef int fail(self, object error) except -1:
        self.error = error
        self.error_traceback = PyException_GetTraceback_or_none(error)
        self.state = FINISHED
        self.log_traceback = True
        return self.schedule_callbacks()

    cdef bint mark_cancelled(self, object message) except -1:
        self.log_traceback = False
        if self.state != PENDING:
            return False
        self.state = CANCELLED
        self._cancel_message = message
        self.schedule_callbacks()
        return True

    cdef int schedule_callbacks(self) except -1:
        cdef object callback = self.first_callback
        cdef object context = self.first_context
        cdef list more = self.more_callbacks
        if callback is None and more is None:
            return 0
        self.first_callback = self.first_context = self.more_callbacks = None
        if callback is not None:
            self.schedule(callback, context)
        if more is not None:
            for callback, context in more:
                self.schedule(callback, context)
        return 0

    cdef int schedule(self, object callback, object context) except -1:
        if context is None:
            if self.core.closed or self.core._debug:
                self.core.check_open()
                self.core.check_thread()
            return self.core.push(<Runnable>callback)
        if self.core is None or self.core.closed or self.core._debug:
            self._loop.call_soon(callback, self, context=as_context(context))
            return 0
        return self.core.push_new(new_handle(callback, (self,), self._loop, context))

    cdef object take_cancelled_error(self):
        """The CancelledError to raise for a cancelled future."""
        error = self.cancelled_error
        if error is not None:
            self.cancelled_error = None
            return error
        return CancelledError() if self._cancel_message is None else CancelledError(self._cancel_message)

    cdef object outcome_error(self):
        """The exception to raise for who asks for the result, or None where there is a result."""
        if self.state == CANCELLED:
            return self.take_cancelled_error()
        self.log_traceback = False
        error = self.error
        if error is not None:
            # Each who asks starts from the traceback that it was set with, so it does not grow.
            PyException_SetTraceback(error, self.error_traceback)
        return error

    cdef int report_unretrieved(self) except -1:
        if not self.log_traceback:
            return 0
        self.log_traceback = False
        report = {
            "message": f"{type(self).__name__} exception was never retrieved",
            "exception": self.error,
            "future": self,
        }
        if self._source_traceback:
            report["source_traceback"] = self._source_traceback
        self._loop.call_exception_handler(report)
        return 0


cdef object awaited_by():
    # That module knows futures, so it is imported when it is first asked.
    from ouroloop.task.awaited_by import awaited_by
    return awaited_by


cdef Future new_future(LoopCore core):
    """A future without the cost of a Python-level constructor."""
    cdef Future future = Future.__new__(Future)
    track(<PyObject *>future)
    if core._debug or core.has_own_call_soon:
        future.bind(core)
    else:
        future._loop = core
        future.core = core
    return future


cdef bint restart(PyObject *spare) noexcept:
    if references_to(spare) != 1:
        return False
    cdef Future future = <Future>spare
    if future.state != FINISHED or future.error is not None:
        return False
    future.state = PENDING
    future.value = None
    return True


@cython.freelist(256)
cdef class FutureIterator:
    """What `await future` iterates: gives the future to the task once, then its result."""

    def __iter__(self):
        return self

    def __next__(self):
        raise NotImplementedError("the slot is set below")

    def __await__(self):
        # The type needs its table of asynchronous slots for `am_send`.
        return self

    def send(self, value, /):
        """As `next()`: the value that the task sends is of no use here."""
        return next(self)

    def close(self):
        """Forgets the future."""
        self.future = None


# The slots below are written by hand: they run at each await, and a method that raises would add an entry of its own to
# the traceback each time.

cdef PyObject *iterator_next(PyObject *iterator) noexcept:
    cdef PyObject *result = NULL
    if iterator_send(iterator, <PyObject *>None, &result) != 0:
        return result
    if result != <PyObject *>None:
        set_stop_iteration(<object>result)
    Py_DECREF(result)
    return NULL


cdef int iterator_send(PyObject *iterator, PyObject *value, PyObject **result) noexcept:
    """0: returned, 1: yielded, -1: raised; as `PySendResult`."""
    cdef FutureIterator self = <FutureIterator>iterator
    cdef Future future = self.future
    result[0] = NULL
    if future is None:
        result[0] = <PyObject *>None
        Py_INCREF(result[0])
        return 0
    if future.state == PENDING:
        if future.blocking:
            set_error(RuntimeError("await wasn't used with future"))
            return -1
        future.blocking = True
        result[0] = <PyObject *>future
        Py_INCREF(result[0])
        return 1
    self.future = None
    if future.state == FINISHED and future.error is None:
        future.log_traceback = False
        result[0] = <PyObject *>future.value
        Py_INCREF(result[0])
        return 0
    set_error(future.outcome_error())
    return -1


cdef PyObject *iterator_throw(PyObject *iterator, PyObject *args) noexcept:
    cdef FutureIterator self = <FutureIterator>iterator
    self.future = None
    cdef str refusal = "exceptions must be classes deriving BaseException or instances of such a class"
    set_error(thrown_error(<tuple>args, refusal))
    return NULL


cdef int has_to_report(PyObject *future) noexcept:
    return (<Future>future).log_traceback


cdef Py_ssize_t place_of_attributes():
    cdef Future future = Future.__new__(Future)
    return <char *>&future.attributes - <char *><PyObject *>future


learn_contexts()
use_spare_memory(<PyTypeObject *>Future)
keep_attributes(<PyTypeObject *>Future, place_of_attributes())
end_quietly(<PyTypeObject *>Future, has_to_report)
set_throw(<PyTypeObject *>FutureIterator, <void *>iterator_throw)
set_slots(<PyTypeObject *>FutureIterator, <void *>iterator_next, <void *>iterator_send)
