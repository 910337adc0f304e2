# Exceptions made, taken and raised by C calls. No module: all of it is inline.

cdef extern from *:
    """
    #include <string.h>
    #ifndef OUROLOOP_ERRORS
    #define OUROLOOP_ERRORS
    /* What the `socket` and `os` modules would raise: OSError itself picks the subclass for an errno. */
    static inline PyObject *ouroloop_os_error(int number) {
        PyObject *words = PyUnicode_DecodeLocale(strerror(number), "surrogateescape");
        return words == NULL ? NULL : PyObject_CallFunction(PyExc_OSError, "iN", number, words);
    }

    /* The exception being raised, taken off the thread state (NULL when there is none), with its traceback attached. */
    static inline PyObject *ouroloop_take_raised(void) {
    #if PY_VERSION_HEX >= 0x030C0000
        return PyErr_GetRaisedException();
    #else
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        if (type == NULL) {
            return NULL;
        }
        PyErr_NormalizeException(&type, &value, &traceback);
        if (traceback != NULL) {
            PyException_SetTraceback(value, traceback);
            Py_DECREF(traceback);
        }
        Py_DECREF(type);
        return value;
    #endif
    }

    /* Raises an exception instance with the traceback that it has. */
    static inline int ouroloop_raise_again(PyObject *error) {
        PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(error)), Py_NewRef(error), PyException_GetTraceback(error));
        return -1;
    }
    #endif
    """
    object os_error "ouroloop_os_error"(int number)
    # C calls rather than try/except, where a traceback must not gain an entry for the native function.
    object take_raised "ouroloop_take_raised"()
    int raise_again "ouroloop_raise_again"(object error) except -1
