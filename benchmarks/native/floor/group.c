#include "floor.h"

static Spares spares;

static Group *group_new(PyTypeObject *type, PyObject *results, Py_ssize_t remaining) {
    Group *group = (Group *)spares_take(&spares, type);
    group->results = results;
    group->remaining = remaining;
    group->waiter = NULL;
    PyObject_GC_Track(group);
    return group;
}

static int group_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Group *)self)->results);
    return 0;
}

static int group_clear(PyObject *self) {
    Py_CLEAR(((Group *)self)->results);
    return 0;
}

static void group_free(PyObject *self) {
    PyObject_GC_UnTrack(self);
    group_clear(self);
    forget_given();
    spares_give(&spares, self);
}

void group_note_end(Group *group, Py_ssize_t place, PyObject *result) {
    if (group->results)
        PyList_SET_ITEM(group->results, place, Py_NewRef(result));
    if (!--group->remaining)
        wake(&group->waiter);
}

static PyObject *group_step(PyObject *self) {
    Group *group = (Group *)self;
    if (group->remaining)
        return park(&group->waiter);
    return give(Py_NewRef(group->results ? group->results : Py_None));
}

PyTypeObject GroupType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Gather",
    .tp_basicsize = sizeof(Group),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = group_traverse,
    .tp_clear = group_clear,
    .tp_dealloc = group_free,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = group_step,
};

PyObject *gather(PyObject *Py_UNUSED(module), PyObject *const *coroutines, Py_ssize_t count) {
    Group *group = group_new(&GroupType, PyList_New(count), count);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *task = task_new(coroutines[i], NULL, group, i);
        task_start((Task *)task);
        Py_DECREF(task);
    }
    return (PyObject *)group;
}

static PyObject *construct(PyObject *type, PyObject *const *Py_UNUSED(arguments), size_t Py_UNUSED(count),
                           PyObject *Py_UNUSED(names)) {
    return (PyObject *)group_new((PyTypeObject *)type, NULL, 0);
}

/* What `__aenter__` gives: the group itself, to be had at once. */
typedef struct {
    PyObject_HEAD PyObject *value;
} Entered;

static PyObject *entered_step(PyObject *self) {
    return give(Py_NewRef(((Entered *)self)->value));
}

static void entered_free(PyObject *self) {
    Py_CLEAR(((Entered *)self)->value);
    forget_given();
    PyObject_Free(self);
}

static PyTypeObject EnteredType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Entered",
    .tp_basicsize = sizeof(Entered),
    .tp_dealloc = entered_free,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = entered_step,
};

static PyObject *enter(PyObject *self, PyObject *Py_UNUSED(none)) {
    Entered *entered = (Entered *)_PyObject_New(&EnteredType);
    entered->value = Py_NewRef(self);
    return (PyObject *)entered;
}

static PyObject *leave(PyObject *self, PyObject *const *Py_UNUSED(arguments), Py_ssize_t Py_UNUSED(count)) {
    return Py_NewRef(self);
}

static PyObject *create_task(PyObject *self, PyObject *coroutine) {
    Group *group = (Group *)self;
    group->remaining++;
    PyObject *task = task_new(coroutine, NULL, group, 0);
    task_start((Task *)task);
    return task;
}

static PyMethodDef methods[] = {
    {"__aenter__", enter, METH_NOARGS, NULL},
    {"__aexit__", (PyCFunction)(void (*)(void))leave, METH_FASTCALL, NULL},
    {"create_task", create_task, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject TaskGroupType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.TaskGroup",
    .tp_basicsize = sizeof(Group),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = group_traverse,
    .tp_clear = group_clear,
    .tp_dealloc = group_free,
    .tp_vectorcall = construct,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = group_step,
    .tp_methods = methods,
};
