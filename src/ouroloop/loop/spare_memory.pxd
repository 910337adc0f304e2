# The memory of objects that are made and dropped all the time: handles, futures, tasks. What was freed last is used
# again, and the garbage collector is told of an object only by whoever calls `track`.
#
# The collector looks for cycles that nobody refers to. What stands in the lines of a running loop (its ready queue, its
# timers, its pending tasks) is referred to, so looking at it is in vain, and costs a third of the time of a program with
# 100,000 of them. So an object is tracked as soon as it may have left these lines for somebody else's hands, and all
# that stand in them when the loop stops. An object that is not tracked counts as a reference to what it refers to.
# Each module that cimports this has one such type. Types derived from it get their memory in the usual way.
from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

cdef extern from *:
    """
    #ifndef OUROLOOP_SPARE_MEMORY
    #define OUROLOOP_SPARE_MEMORY
    static struct {
        PyTypeObject *kind;
        int count;
        PyObject *kept[128];
    } ouroloop_memory;

    static PyObject *ouroloop_allocate(PyTypeObject *kind, Py_ssize_t count) {
        PyObject *self;
        if (kind != ouroloop_memory.kind) {
            return PyType_GenericAlloc(kind, count);
        }
        if (ouroloop_memory.count != 0) {
            self = PyObject_Init(ouroloop_memory.kept[--ouroloop_memory.count], kind);
        } else {
            self = _PyObject_GC_New(kind);
            if (self == NULL) {
                return NULL;
            }
        }
        memset((char *)self + sizeof(PyObject), 0, kind->tp_basicsize - sizeof(PyObject));
        return self;
    }

    static void ouroloop_free(void *memory) {
        /* A finalizer is called once only, and the next object may need it. */
        if (Py_TYPE((PyObject *)memory) == ouroloop_memory.kind && !PyObject_GC_IsFinalized((PyObject *)memory)
                && ouroloop_memory.count < (int)(sizeof ouroloop_memory.kept / sizeof *ouroloop_memory.kept)) {
            ouroloop_memory.kept[ouroloop_memory.count++] = (PyObject *)memory;
        } else {
            PyObject_GC_Del(memory);
        }
    }

    CYTHON_UNUSED static void ouroloop_use_spare_memory(PyTypeObject *kind) {
    #ifndef Py_GIL_DISABLED
        ouroloop_memory.kind = kind;
        kind->tp_alloc = ouroloop_allocate;
        kind->tp_free = ouroloop_free;
    #endif
    }

    static inline void ouroloop_track(PyObject *object) {
        if (!PyObject_GC_IsTracked(object)) {
            PyObject_GC_Track(object);
        }
    }
    #endif
    """
    void use_spare_memory "ouroloop_use_spare_memory"(PyTypeObject *kind)
    # Tells the collector of it, unless it knows.
    void track "ouroloop_track"(PyObject *object)
