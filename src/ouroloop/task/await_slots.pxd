from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

cdef enum:
    # As PySendResult.
    RETURNED = 0
    YIELDED = 1
    RAISED = -1

cdef extern from *:
    """
    #ifndef OUROLOOP_AWAIT_SLOTS
    #define OUROLOOP_AWAIT_SLOTS
    static PyMethodDef ouroloop_throw = {
        "throw", NULL, METH_VARARGS, "Raises an exception at the await."
    };
    static inline int ouroloop_set_throw(PyTypeObject *type, void *throw) {
        ouroloop_throw.ml_meth = (PyCFunction)throw;
        PyObject *method = PyDescr_NewMethod(type, &ouroloop_throw);
        if (method == NULL || PyDict_SetItemString(type->tp_dict, "throw", method) < 0) {
            Py_XDECREF(method);
            return -1;
        }
        Py_DECREF(method);
        PyType_Modified(type);
        return 0;
    }
    static inline void ouroloop_set_slots(PyTypeObject *type, void *iternext, void *send) {
        type->tp_iternext = (iternextfunc)iternext;
        if (type->tp_as_async != NULL) {
            type->tp_as_async->am_send = (sendfunc)send;
        }
    }
    #endif
    """
    # One type a module: the method's definition is a static of the module that calls this.
    int set_throw "ouroloop_set_throw"(PyTypeObject *kind, void *throw) except -1
    void set_slots "ouroloop_set_slots"(PyTypeObject *kind, void *iternext, void *send)

# The exception that the arguments of `throw()` mean.
cdef object thrown_error(tuple args, str refusal)
# Raises it, without an entry in its traceback.
cdef int set_error(object error) noexcept
# Raises StopIteration with a value, whatever that is.
cdef int set_stop_iteration(object value) noexcept
# The same, for who calls forget_handed_over() as soon as the await is over: the exception is used again.
cdef int hand_over(object value) noexcept
cdef int forget_handed_over() noexcept
# As PyIter_Send, for an exception: it is thrown into an iterator that has `throw`.
cdef int throw_into(object iterator, object error, PyObject **result) except -2
