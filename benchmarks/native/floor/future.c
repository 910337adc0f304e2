#include "floor.h"

static Spares spares;

PyObject *future_new(void) {
    Future *future = (Future *)spares_take(&spares, &FutureType);
    future->result = NULL;
    future->waiter = NULL;
    PyObject_GC_Track(future);
    return (PyObject *)future;
}

static int future_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Future *)self)->result);
    return 0;
}

static int future_clear(PyObject *self) {
    Py_CLEAR(((Future *)self)->result);
    return 0;
}

static void future_free(PyObject *self) {
    PyObject_GC_UnTrack(self);
    future_clear(self);
    forget_given();
    spares_give(&spares, self);
}

PyObject *future_step(PyObject *self) {
    Future *future = (Future *)self;
    return future->result ? give(Py_NewRef(future->result)) : park(&future->waiter);
}

void future_finish(PyObject *self, PyObject *result) {
    Future *future = (Future *)self;
    if (future->result)
        fail("a future is done only once");
    future->result = result;
    wake(&future->waiter);
}

static PyObject *set_result(PyObject *self, PyObject *result) {
    future_finish(self, Py_NewRef(result));
    Py_RETURN_NONE;
}

PyObject *future_done(PyObject *self, PyObject *Py_UNUSED(none)) {
    return PyBool_FromLong(((Future *)self)->result != NULL);
}

static PyMethodDef methods[] = {
    {"set_result", set_result, METH_O, NULL},
    {"done", future_done, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject FutureType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Future",
    .tp_basicsize = sizeof(Future),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = future_traverse,
    .tp_clear = future_clear,
    .tp_dealloc = future_free,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = future_step,
    .tp_methods = methods,
};
