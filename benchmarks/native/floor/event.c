#include "line.h"

typedef struct {
    PyObject_HEAD bool is_set;
    Line line;
} Event;

static PyObject *event_new(PyObject *type, PyObject *const *Py_UNUSED(arguments), size_t Py_UNUSED(count),
                           PyObject *Py_UNUSED(names)) {
    Event *event = (Event *)_PyObject_New((PyTypeObject *)type);
    event->is_set = false;
    event->line = (Line){NULL, NULL};
    return (PyObject *)event;
}

static void event_free(PyObject *self) {
    PyObject_Free(self);
}

static PyObject *wait_step(PyObject *self) {
    Place *place = (Place *)self;
    Event *event = (Event *)place->owner;
    if (place->is_granted || event->is_set)
        return give(Py_NewRef(Py_True));
    return line_join(&event->line, place);
}

PyTypeObject EventWaitType = PLACE_TYPE("floor.EventWait", wait_step);

static PyObject *event_wait(PyObject *self, PyObject *Py_UNUSED(none)) {
    return place_new(&EventWaitType, self, NULL);
}

static PyObject *set(PyObject *self, PyObject *Py_UNUSED(none)) {
    Event *event = (Event *)self;
    event->is_set = true;
    while (line_grant(&event->line))
        ;
    Py_RETURN_NONE;
}

static PyObject *clear(PyObject *self, PyObject *Py_UNUSED(none)) {
    ((Event *)self)->is_set = false;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"wait", event_wait, METH_NOARGS, NULL},
    {"set", set, METH_NOARGS, NULL},
    {"clear", clear, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject EventType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Event",
    .tp_basicsize = sizeof(Event),
    .tp_dealloc = event_free,
    .tp_vectorcall = event_new,
    .tp_methods = methods,
};
