# The methods of `collections.deque`, called without looking them up and without a frame of arguments: lines of waiters
# and items are deques, because users look into them, and `deque` has no C interface of its own.
# Each module that cimports this calls `find_deque_methods` once. What is no deque is asked by its method's name.
cdef extern from *:
    """
    static PyTypeObject *ouroloop_deque;
    static PyCFunction ouroloop_deque_append, ouroloop_deque_remove, ouroloop_deque_popleft;

    static int ouroloop_deque_size_is_its_length;

    static PyCFunction ouroloop_method_of_deque(const char *name, int flags) {
        PyCFunction found = NULL;
        PyObject *method = PyObject_GetAttrString((PyObject *)ouroloop_deque, name);
        if (method == NULL) {
            PyErr_Clear();
        } else if (Py_IS_TYPE(method, &PyMethodDescr_Type)
                && ((PyMethodDescrObject *)method)->d_method->ml_flags == flags) {
            found = ((PyMethodDescrObject *)method)->d_method->ml_meth;
        }
        Py_XDECREF(method);
        return found;
    }

    static void ouroloop_find_deque_methods(PyObject *deque) {
        ouroloop_deque = (PyTypeObject *)deque;
        ouroloop_deque_append = ouroloop_method_of_deque("append", METH_O);
        ouroloop_deque_remove = ouroloop_method_of_deque("remove", METH_O);
        ouroloop_deque_popleft = ouroloop_method_of_deque("popleft", METH_NOARGS);
        PyObject *sample = PyObject_CallFunction(deque, "((iii))", 1, 2, 3);
        ouroloop_deque_size_is_its_length = sample != NULL && ouroloop_deque->tp_basicsize > sizeof(PyVarObject)
            && ((PyVarObject *)sample)->ob_size == 3;
        PyErr_Clear();
        Py_XDECREF(sample);
    }

    static inline int ouroloop_has_any(PyObject *line) {
        if (line == Py_None) {
            return 0;
        }
        return Py_IS_TYPE(line, ouroloop_deque) && ouroloop_deque_size_is_its_length
            ? ((PyVarObject *)line)->ob_size != 0 : PyObject_IsTrue(line);
    }

    static inline PyObject *ouroloop_append_to(PyObject *line, PyObject *item) {
        return Py_IS_TYPE(line, ouroloop_deque) && ouroloop_deque_append != NULL
            ? ouroloop_deque_append(line, item) : PyObject_CallMethod(line, "append", "O", item);
    }

    static inline PyObject *ouroloop_popleft_from(PyObject *line) {
        return Py_IS_TYPE(line, ouroloop_deque) && ouroloop_deque_popleft != NULL
            ? ouroloop_deque_popleft(line, NULL) : PyObject_CallMethod(line, "popleft", NULL);
    }

    static inline PyObject *ouroloop_remove_from(PyObject *line, PyObject *item) {
        PyObject *first;
        if (!Py_IS_TYPE(line, ouroloop_deque) || ouroloop_deque_remove == NULL) {
            return PyObject_CallMethod(line, "remove", "O", item);
        }
        /* The one that is removed nearly always. The method looks for it, and turns the deque round and back. */
        if (ouroloop_has_any(line) && (first = ouroloop_deque->tp_as_sequence->sq_item(line, 0)) != NULL) {
            Py_DECREF(first);
            if (first == item) {
                return ouroloop_popleft_from(line);
            }
        }
        return ouroloop_deque_remove(line, item);
    }
    """
    void find_deque_methods "ouroloop_find_deque_methods"(object deque)
    # False for None too.
    bint has_any "ouroloop_has_any"(object line) except -1
    object append_to "ouroloop_append_to"(object line, object item)
    # Raises ValueError where the item is not in the line.
    object remove_from "ouroloop_remove_from"(object line, object item)
    # Raises IndexError where the line is empty.
    object popleft_from "ouroloop_popleft_from"(object line)
