# The memory of objects that are made and dropped all the time: handles, futures, tasks. What was freed last is used
# again, and the garbage collector is told of an object only by whoever calls `track`.
#
# The collector looks for cycles that nobody refers to. What stands in the lines of a running loop (its ready queue,
# its timers, its pending tasks) is referred to, so looking at it is in vain, and costs a third of the time of a
# program with 100,000 of them. So an object is tracked as soon as it may have left these lines for somebody else's
# hands, and all that stand in them when the loop stops. One that is not tracked counts as a reference to what it
# refers to. The lists that are these lines are not looked at either while the loop runs.
# Each module that cimports this has two such types at most. Types derived from them get their memory in the usual way.
from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

cdef extern from *:
    """
    #ifndef OUROLOOP_SPARE_MEMORY
    #define OUROLOOP_SPARE_MEMORY
    typedef struct {
        PyTypeObject *kind;
        int count;
        PyObject *kept[128];
    } ouroloop_memory;

    static ouroloop_memory ouroloop_memories[2];

    static inline ouroloop_memory *ouroloop_memory_of(PyTypeObject *kind) {
        return kind == ouroloop_memories[0].kind ? &ouroloop_memories[0]
            : kind == ouroloop_memories[1].kind ? &ouroloop_memories[1] : NULL;
    }

    static PyObject *ouroloop_allocate(PyTypeObject *kind, Py_ssize_t count) {
        ouroloop_memory *memory = ouroloop_memory_of(kind);
        PyObject *self;
        if (memory == NULL) {
            return PyType_GenericAlloc(kind, count);
        }
        if (memory->count != 0) {
            self = PyObject_Init(memory->kept[--memory->count], kind);
        } else {
            self = _PyObject_GC_New(kind);
            if (self == NULL) {
                return NULL;
            }
        }
        memset((char *)self + sizeof(PyObject), 0, kind->tp_basicsize - sizeof(PyObject));
        return self;
    }

    static void ouroloop_free(void *freed) {
        ouroloop_memory *memory = ouroloop_memory_of(Py_TYPE((PyObject *)freed));
        /* A finalizer is called once only, and the next object may need it. */
        if (memory != NULL && !PyObject_GC_IsFinalized((PyObject *)freed)
                && memory->count < (int)(sizeof memory->kept / sizeof *memory->kept)) {
            memory->kept[memory->count++] = (PyObject *)freed;
        } else {
            PyObject_GC_Del(freed);
        }
    }

    CYTHON_UNUSED static void ouroloop_use_spare_memory(PyTypeObject *kind) {
    #ifndef Py_GIL_DISABLED
        ouroloop_memories[ouroloop_memories[0].kind != NULL].kind = kind;
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
    # Has the collector pass over it.
    void untrack "PyObject_GC_UnTrack"(object hidden)
    # Tells the collector of it, unless it knows.
    void track "ouroloop_track"(PyObject *object)
