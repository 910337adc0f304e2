cdef object os_error(int number)

cdef extern from *:
    """
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
    """
    # C calls rather than try/except, where a traceback must not gain an entry for the native function.
    object take_raised "ouroloop_take_raised"()
    int raise_again "ouroloop_raise_again"(object error) except -1
