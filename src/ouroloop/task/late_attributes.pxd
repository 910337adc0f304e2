# A dictionary for the attributes that programs keep on a native object, made when the first one is. Cython's own would
# be made with each object. It has no name, as with the standard library's futures. The type has a field for it, NULL at
# first, and is not derived from another that has one.
from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

cdef extern from *:
    """
    static Py_ssize_t ouroloop_attributes_offset;
    static traverseproc ouroloop_traverse_rest;
    static inquiry ouroloop_clear_rest;
    static destructor ouroloop_dealloc_rest;

    #define OUROLOOP_ATTRIBUTES(self) (*(PyObject **)((char *)(self) + ouroloop_attributes_offset))

    static int ouroloop_traverse_attributes(PyObject *self, visitproc visit, void *arg) {
        Py_VISIT(OUROLOOP_ATTRIBUTES(self));
        return ouroloop_traverse_rest(self, visit, arg);
    }

    static int ouroloop_clear_attributes(PyObject *self) {
        Py_CLEAR(OUROLOOP_ATTRIBUTES(self));
        return ouroloop_clear_rest(self);
    }

    static void ouroloop_dealloc_attributes(PyObject *self) {
        if (OUROLOOP_ATTRIBUTES(self) != NULL) {
            PyObject_GC_UnTrack(self);
            Py_CLEAR(OUROLOOP_ATTRIBUTES(self));
            PyObject_GC_Track(self);
        }
        ouroloop_dealloc_rest(self);
    }

    static void ouroloop_keep_attributes(PyTypeObject *kind, Py_ssize_t offset) {
        ouroloop_attributes_offset = offset;
        ouroloop_traverse_rest = kind->tp_traverse;
        ouroloop_clear_rest = kind->tp_clear;
        ouroloop_dealloc_rest = kind->tp_dealloc;
        kind->tp_traverse = ouroloop_traverse_attributes;
        kind->tp_clear = ouroloop_clear_attributes;
        kind->tp_dealloc = ouroloop_dealloc_attributes;
        kind->tp_dictoffset = offset;
        PyType_Modified(kind);
    }
    """
    # Before end_quietly(), whose finalizer still finds the attributes.
    void keep_attributes "ouroloop_keep_attributes"(PyTypeObject *kind, Py_ssize_t offset)
