# A method that takes its arguments as the interpreter has them, without a tuple and a dictionary, in the place of one
# that Cython made. Each module that cimports this has one such method.
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
    """
    # function: a PyCFunctionFastWithKeywords. name, doc: kept, so bytes that live as long as the module. doc begins
    # with the signature: `name($self, ...)`, a line of two hyphens, an empty line.
    int set_quick_method "ouroloop_set_quick_method"(
        PyTypeObject *kind, const char *name, void *function, const char *doc
    ) except -1
