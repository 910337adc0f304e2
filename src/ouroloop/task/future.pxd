from cpython.ref cimport PyObject

from ouroloop.loop.core cimport LoopCore
from ouroloop.loop.handle cimport Runnable

cdef enum FutureState:
    PENDING
    CANCELLED
    FINISHED

cdef class Future(Runnable):
    cdef readonly object _loop
    cdef LoopCore core               # `_loop` where callbacks may be queued natively, else None
    cdef FutureState state
    cdef bint blocking               # the await protocol's flag, `_asyncio_future_blocking`
    cdef bint log_traceback          # the exception was never retrieved
    cdef object value                # the result, once finished
    cdef object error                # the exception, once finished with one
    cdef object error_traceback      # the traceback that `error` was set with
    cdef object first_callback       # a callable, or the Task that awaits (its context is None then)
    cdef object first_context        # that it runs in, or its variables (late_context.pxd)
    cdef list more_callbacks         # of (callback, context), in order, or None
    cdef public object _cancel_message
    cdef public object _source_traceback
    cdef dict named_waiters          # {waiter: None} of those that future_add_to_awaited_by() named, or None
    cdef object cancelled_error      # the CancelledError that cancelled it, raised again for the first who asks
    cdef object __weakref__
    cdef PyObject *attributes        # the dictionary of what programs keep on it, NULL before the first

    cdef int check_initialized(self) except -1
    cdef int bind(self, object loop) except -1
    cdef int add_waiter(self, Runnable waiter) except -1
    cdef int remove_waiter(self, Runnable waiter) except -1
    cdef int add_callback(self, object callback, object context) except -1
    cdef int finish(self, object value) except -1
    cdef int fail(self, object error) except -1
    cdef bint mark_cancelled(self, object message) except -1
    cdef int schedule_callbacks(self) except -1
    cdef int schedule(self, object callback, object context) except -1
    cdef object take_cancelled_error(self)
    cdef object outcome_error(self)
    cdef int report_unretrieved(self) except -1
    # Whether this cannot be done before `future` is.
    cdef bint needs(self, object future) except -1

cdef class FutureIterator:
    # What `await future` iterates.
    cdef Future future               # None once it was delivered

cdef Future new_future(LoopCore core)
# Makes a future pending again, if it is done with a result and only one reference to it is left, its maker's. A
# pointer, because an object's field that is passed on is held once more meanwhile.
cdef bint restart(PyObject *spare) noexcept
