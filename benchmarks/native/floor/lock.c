#include "line.h"

/* A lock has one permit, a semaphore as many as it is told; a condition is a lock with a second line. */
typedef struct {
    PyObject_HEAD Py_ssize_t permits;
    Line line, asleep;
} Lock;

static PyObject *lock_new(PyObject *type, PyObject *const *arguments, size_t count,
                          PyObject *Py_UNUSED(names)) {
    Lock *lock = (Lock *)_PyObject_New((PyTypeObject *)type);
    lock->permits = PyVectorcall_NARGS(count) ? PyLong_AsSsize_t(arguments[0]) : 1;
    lock->line = lock->asleep = (Line){NULL, NULL};
    return (PyObject *)lock;
}

static void lock_free(PyObject *self) {
    PyObject_Free(self);
}

static PyObject *acquire_step(PyObject *self) {
    Place *place = (Place *)self;
    Lock *lock = (Lock *)place->owner;
    if (place->is_granted)
        return NULL;
    if (!lock->permits || lock->line.first)
        return line_join(&lock->line, place);
    lock->permits--;
    return NULL;
}

PyTypeObject AcquireType = PLACE_TYPE("floor.Acquire", acquire_step);

static PyObject *enter(PyObject *self, PyObject *Py_UNUSED(none)) {
    return place_new(&AcquireType, self, NULL);
}

static void release(Lock *lock) {
    if (!line_grant(&lock->line))
        lock->permits++;
}

static PyObject *leave(PyObject *self, PyObject *const *Py_UNUSED(arguments), Py_ssize_t Py_UNUSED(count)) {
    release((Lock *)self);
    return Py_NewRef(over);
}

static PyObject *wait_step(PyObject *self) {
    Place *place = (Place *)self;
    Lock *lock = (Lock *)place->owner;
    if (place->is_granted)
        return give(Py_NewRef(Py_True));
    release(lock);
    return line_join(&lock->asleep, place);
}

PyTypeObject ConditionWaitType = PLACE_TYPE("floor.ConditionWait", wait_step);

static PyObject *condition_wait(PyObject *self, PyObject *Py_UNUSED(none)) {
    return place_new(&ConditionWaitType, self, NULL);
}

/* Whoever is notified goes from one line to the other: it could not have the lock yet. */
static PyObject *notify(PyObject *self, PyObject *Py_UNUSED(none)) {
    Lock *lock = (Lock *)self;
    Place *place = line_leave(&lock->asleep);
    if (place)
        line_append(&lock->line, place);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"__aenter__", enter, METH_NOARGS, NULL},
    {"__aexit__", (PyCFunction)(void (*)(void))leave, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef condition_methods[] = {
    {"__aenter__", enter, METH_NOARGS, NULL},
    {"__aexit__", (PyCFunction)(void (*)(void))leave, METH_FASTCALL, NULL},
    {"wait", condition_wait, METH_NOARGS, NULL},
    {"notify", notify, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

#define LOCK_TYPE(name, its_methods)                                                                         \
    {                                                                                                        \
        PyVarObject_HEAD_INIT(NULL, 0).tp_name = name,                                                       \
        .tp_basicsize = sizeof(Lock),                                                                        \
        .tp_dealloc = lock_free,                                                                             \
        .tp_vectorcall = lock_new,                                                                           \
        .tp_methods = its_methods,                                                                           \
    }

PyTypeObject LockType = LOCK_TYPE("floor.Lock", methods);
PyTypeObject SemaphoreType = LOCK_TYPE("floor.Semaphore", methods);
PyTypeObject ConditionType = LOCK_TYPE("floor.Condition", condition_methods);
