/* Reference counts that do not stall the processor. Read before each module's C.

   CPython 3.12 and 3.13 write half a count to take a reference and read all of it to give one back. A processor that
   has just written four bytes cannot hand them on to a read of eight: it waits until they are in the cache, some 15
   cycles. Compiled Cython takes and gives back a reference within a few instructions all the time. Here both work on
   the lower half, which is the whole count of any object that dies: beyond it, objects are immortal (PEP 683). */
#ifndef OUROLOOP_REFERENCES_H
#define OUROLOOP_REFERENCES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030E0000 && SIZEOF_VOID_P > 4 && !defined(Py_GIL_DISABLED) \
    && !defined(Py_REF_DEBUG) && !defined(Py_STATS) && !defined(Py_LIMITED_API)

static inline Py_ALWAYS_INLINE void ouroloop_decref(PyObject *object) {
    if ((int32_t)object->ob_refcnt_split[PY_BIG_ENDIAN] >= 0 && --object->ob_refcnt_split[PY_BIG_ENDIAN] == 0) {
        _Py_Dealloc(object);
    }
}

static inline Py_ALWAYS_INLINE void ouroloop_xdecref(PyObject *object) {
    if (object != NULL) {
        ouroloop_decref(object);
    }
}

#undef Py_DECREF
#define Py_DECREF(object) ouroloop_decref(_PyObject_CAST(object))
#undef Py_XDECREF
#define Py_XDECREF(object) ouroloop_xdecref(_PyObject_CAST(object))

#endif
#endif
