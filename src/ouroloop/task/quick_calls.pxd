# Calls that take their arguments as the interpreter has them, without a tuple and a dictionary: of a type, and of one
# method in the place of that which Cython made. Each module that cimports this has one such method.
from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

cdef extern from *:
    """
    static PyMethodDef ouroloop_quick_method = {NULL, NULL, METH_FASTCALL | METH_KEYWORDS, NULL};

    static int ouroloop_set_quick_method(PyTypeObject *kind, const char *name, void *function, const char *doc) {
        PyObject *method;
        int failed;
        ouroloop_quick_method.ml_name = name;
        ouroloop_quick_method.ml_meth = (PyCFunction)function;
        ouroloop_quick_method.ml_doc = doc;
        method = PyDescr_NewMethod(kind, &ouroloop_quick_method);
        if (method == NULL) {
            return -1;
        }
        failed = PyDict_SetItemString(kind->tp_dict, name, method);
        Py_DECREF(method);
        PyType_Modified(kind);
        return failed;
    }

    static void ouroloop_set_vectorcall(PyTypeObject *kind, void *function) {
        kind->tp_vectorcall = (vectorcallfunc)function;
    }

    static PyObject *ouroloop_call_type(PyObject *kind, PyObject *arguments, PyObject *keywords) {
        return PyType_Type.tp_call(kind, arguments, keywords);
    }

    static PyObject *ouroloop_tuple_of_arguments(PyObject *const *given, Py_ssize_t count) {
        PyObject *arguments = PyTuple_New(count);
        for (Py_ssize_t place = 0; arguments != NULL && place < count; place++) {
            PyTuple_SET_ITEM(arguments, place, Py_NewRef(given[place]));
        }
        return arguments;
    }

    static PyObject *ouroloop_dict_of_arguments(PyObject *const *given, PyObject *names) {
        PyObject *arguments = PyDict_New();
        Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
        for (Py_ssize_t place = 0; arguments != NULL && place < named; place++) {
            if (PyDict_SetItem(arguments, PyTuple_GET_ITEM(names, place), given[place]) < 0) {
                Py_CLEAR(arguments);
            }
        }
        return arguments;
    }

    static int ouroloop_find_keywords(
            PyObject *const *given, PyObject *names, PyObject *known, Py_ssize_t first, PyObject **values) {
        Py_ssize_t count = PyTuple_GET_SIZE(known);
        Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
        Py_ssize_t place, found;
        for (place = 0; place < count; place++) {
            values[place] = Py_None;
        }
        for (place = 0; place < named; place++) {
            found = first;
            while (found < count && PyTuple_GET_ITEM(names, place) != PyTuple_GET_ITEM(known, found)) {
                found++;
            }
            if (found == count) {
                return 0;
            }
            values[found] = given[place];
        }
        return 1;
    }
    """
    # function: a PyCFunctionFastWithKeywords. name, doc: kept, so bytes that live as long as the module. doc begins
    # with the signature: `name($self, ...)`, a line of two hyphens, an empty line.
    int set_quick_method "ouroloop_set_quick_method"(
        PyTypeObject *kind, const char *name, void *function, const char *doc
    ) except -1
    # function: a vectorcallfunc.
    void set_vectorcall "ouroloop_set_vectorcall"(PyTypeObject *kind, void *function)
    # As without a vectorcall.
    object call_type "ouroloop_call_type"(object kind, tuple arguments, dict keywords)
    # The values of the keywords `known` from place `first` on, borrowed; None for those that are not given. False where
    # another one is given, or the name of one is another object.
    bint find_keywords "ouroloop_find_keywords"(
        PyObject **given, PyObject *names, tuple known, Py_ssize_t first, PyObject **values
    ) noexcept
    # The arguments as other calls want them; `given` of the second are the values of the keywords.
    tuple tuple_of_arguments "ouroloop_tuple_of_arguments"(PyObject **given, Py_ssize_t count)
    dict dict_of_arguments "ouroloop_dict_of_arguments"(PyObject **given, PyObject *names)
