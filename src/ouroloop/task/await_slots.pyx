"""The slots that make a native object awaitable, set by hand.

They run at each await, and a Cython method that raises would add an entry of its own to the traceback each time.
"""

import types
import warnings

from cpython.ref cimport PyObject

from ouroloop.kernel.errors cimport take_raised

from ouroloop.versions import THREE_ARGUMENTS_OF_THROW_ARE_DEPRECATED

cdef extern from "Python.h":
    void PyErr_SetObject(object kind, object value)
    bint PyErr_ExceptionMatches(object kind)
    PyObject *PyObject_CallMethodOneArg(object of, object name, object argument)
    void Py_INCREF(PyObject *owned)

cdef extern from *:
    """
    /* From Python 3.12 on each StopIteration that is raised is an object, which costs more than the rest of an await.
       One is kept for all: it is used again once nobody else refers to it. */
    static PyStopIterationObject *ouroloop_stop = NULL;

    static int ouroloop_use_again(PyObject *value) {
    #if PY_VERSION_HEX >= 0x030C0000
        PyObject *old;
        if (ouroloop_stop == NULL || Py_REFCNT(ouroloop_stop) != 1) {
            PyObject *made = PyObject_CallNoArgs(PyExc_StopIteration);
            if (made == NULL) {
                return 1;
            }
            Py_XSETREF(ouroloop_stop, (PyStopIterationObject *)made);
        }
        old = ouroloop_stop->value;
        ouroloop_stop->value = Py_NewRef(value);
        Py_DECREF(old);
        PyErr_SetRaisedException(Py_NewRef((PyObject *)ouroloop_stop));
        return 1;
    #else
        return 0;
    #endif
    }

    static void ouroloop_forget(void) {
        PyStopIterationObject *stop = ouroloop_stop;
        PyObject *old;
        if (stop == NULL || stop->value == Py_None) {
            return;
        }
        if (Py_REFCNT(stop) != 1 || stop->traceback != NULL || stop->context != NULL
                || stop->cause != NULL || stop->dict != NULL) {
            /* Somebody has seen it. */
            ouroloop_stop = NULL;
            Py_DECREF(stop);
        } else {
            old = stop->value;
            stop->value = Py_NewRef(Py_None);
            Py_DECREF(old);
        }
    }
    """
    bint use_again "ouroloop_use_again"(object value) noexcept
    void forget "ouroloop_forget"() noexcept


cdef object thrown_error(tuple args, str refusal):
    """The exception that the arguments of `throw()` mean. refusal: the text for what is none; {} is its class."""
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
            return TypeError(refusal.format(type(kind).__name__))
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


cdef int hand_over(object value) noexcept:
    if use_again(value):
        return 0
    return set_stop_iteration(value)


cdef int forget_handed_over() noexcept:
    forget()
    return 0


cdef int throw_into(object iterator, object error, PyObject **result) except -2:
    result[0] = PyObject_CallMethodOneArg(iterator, "throw", error)
    if result[0] != NULL:
        return YIELDED
    if not PyErr_ExceptionMatches(StopIteration):
        return RAISED
    value = take_raised().value
    result[0] = <PyObject *>value
    Py_INCREF(result[0])
    return RETURNED
