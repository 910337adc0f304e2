#include "floor.h"

PyObject *spares_take(Spares *spares, PyTypeObject *type) {
    if (spares->count)
        return PyObject_Init(spares->kept[--spares->count], type);
    PyObject *object = PyType_IS_GC(type) ? _PyObject_GC_New(type) : _PyObject_New(type);
    if (!object)
        fail("no memory");
    return object;
}

void spares_give(Spares *spares, PyObject *object) {
    if (spares->count < SPARES_MAX)
        spares->kept[spares->count++] = object;
    else if (PyType_IS_GC(Py_TYPE(object)))
        PyObject_GC_Del(object);
    else
        PyObject_Free(object);
}
