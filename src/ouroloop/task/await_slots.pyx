"""The slots that make a native object awaitable, set by hand.

They run at each await, and a Cython method that raises would add an entry of its own to the traceback each time.
"""

import types
import warnings

from ouroloop.versions import THREE_ARGUMENTS_OF_THROW_ARE_DEPRECATED

cdef extern from "Python.h":
    void PyErr_SetObject(object kind, object value)


cdef object thrown_error(tuple args):
    """The exception that the arguments of `throw()` mean."""
    if not 1 <= len(args) <= 3:
        return TypeError(f"throw() takes 1 to 3 arguments ({len(args)} given)")
    kind, value, traceback = args + (None,) * (3 - len(args))
    if traceback is not None and not isinstance(traceback, types.TracebackType):
        return TypeError("throw() third argument must be a traceback object")
    try:
        if THREE_ARGUMENTS_OF_THROW_ARE_DEPRECATED and len(args) > 1:
            warnings.warn(
                "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.",
                DeprecationWarning,
                stacklevel=1,
            )
        if isinstance(kind, type) and issubclass(kind, BaseException):
            error = value if isinstance(value, kind) else kind() if value is None else kind(value)
        elif isinstance(kind, BaseException):
            if value is not None:
                return TypeError("instance exception may not have a separate value")
            error = kind
        else:
            return TypeError("exceptions must be classes deriving BaseException or instances of such a class")
    except BaseException as failed:
        return failed
    return error if traceback is None else error.with_traceback(traceback)


cdef int set_error(object error) noexcept:
    PyErr_SetObject(type(error), error)
    return 0


cdef int set_stop_iteration(object value) noexcept:
    # A tuple would be taken for the arguments of StopIteration, an exception for the instance itself.
    if isinstance(value, (tuple, BaseException)):
        PyErr_SetObject(StopIteration, StopIteration(value))
    else:
        PyErr_SetObject(StopIteration, value)
    return 0
