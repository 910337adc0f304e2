#include "floor.h"

static Spares spares;

PyObject *handle_new(PyObject *const *arguments, Py_ssize_t count, PyObject *context) {
    Handle *handle = (Handle *)spares_take(&spares, &HandleType);
    handle->callback = Py_NewRef(arguments[0]);
    handle->arguments = PyTuple_New(count - 1);
    for (Py_ssize_t i = 1; i < count; i++)
        PyTuple_SET_ITEM(handle->arguments, i - 1, Py_NewRef(arguments[i]));
    handle->context = context && context != Py_None ? Py_NewRef(context) : PyContext_CopyCurrent();
    handle->is_timer = false;
    PyObject_GC_Track(handle);
    return (PyObject *)handle;
}

static int handle_traverse(PyObject *self, visitproc visit, void *arg) {
    Handle *handle = (Handle *)self;
    Py_VISIT(handle->callback);
    Py_VISIT(handle->arguments);
    Py_VISIT(handle->context);
    return 0;
}

static int handle_clear(PyObject *self) {
    Handle *handle = (Handle *)self;
    Py_CLEAR(handle->callback);
    Py_CLEAR(handle->arguments);
    Py_CLEAR(handle->context);
    return 0;
}

static void handle_free(PyObject *self) {
    PyObject_GC_UnTrack(self);
    handle_clear(self);
    spares_give(&spares, self);
}

void handle_run(Handle *handle) {
    if (handle->callback) {
        PyObject *arguments = handle->arguments;
        PyContext_Enter(handle->context);
        PyObject *result = PyObject_Vectorcall(handle->callback, ((PyTupleObject *)arguments)->ob_item,
                                               (size_t)PyTuple_GET_SIZE(arguments), NULL);
        PyContext_Exit(handle->context);
        if (!result)
            fail("a callback failed");
        Py_DECREF(result);
    }
    Py_DECREF(handle);
}

static PyObject *cancel(PyObject *self, PyObject *Py_UNUSED(none)) {
    if (((Handle *)self)->callback) {
        Py_INCREF(self);
        handle_clear(self);
        timers_note_cancelled((Handle *)self);
        Py_DECREF(self);
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"cancel", cancel, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject HandleType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Handle",
    .tp_basicsize = sizeof(Handle),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = handle_traverse,
    .tp_clear = handle_clear,
    .tp_dealloc = handle_free,
    .tp_methods = methods,
};
