# Lets an object go without asking its finalizer, where that would have nothing to say. A finalizer costs a Python-level
# call with the error state saved around it, as much as the rest of a short task's end. Each module that cimports this
# has one such type.
from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

cdef extern from *:
    """
    static PyTypeObject *ouroloop_quiet_kind;
    static destructor ouroloop_loud_dealloc;
    static int (*ouroloop_has_to_report)(PyObject *);

    static int ouroloop_finalize(PyObject *self) {
        /* Somebody may hold it afterwards. */
        if (!PyObject_GC_IsTracked(self)) {
            PyObject_GC_Track(self);
        }
        return PyObject_CallFinalizerFromDealloc(self);
    }

    /* Instead of the destructor that Cython made. That one calls the finalizer only where it is the type's own. */
    static void ouroloop_quiet_dealloc(PyObject *self) {
        if (Py_TYPE(self) == ouroloop_quiet_kind && ouroloop_has_to_report(self) && ouroloop_finalize(self) != 0) {
            return;  /* Somebody holds it again. */
        }
        ouroloop_loud_dealloc(self);
    }

    static void ouroloop_end_quietly(PyTypeObject *kind, int (*has_to_report)(PyObject *)) {
        ouroloop_quiet_kind = kind;
        ouroloop_has_to_report = has_to_report;
        ouroloop_loud_dealloc = kind->tp_dealloc;
        kind->tp_dealloc = ouroloop_quiet_dealloc;
    }
    """
    # has_to_report: whether the finalizer of this object must run; it must not raise.
    void end_quietly "ouroloop_end_quietly"(PyTypeObject *kind, int (*has_to_report)(PyObject *) noexcept)
