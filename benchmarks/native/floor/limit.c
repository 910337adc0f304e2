#include "line.h"

/* Time limits that are not reached: a timer is set and taken back. It is a handle without arguments or
 * context, since nobody could see them, and what it would call is not there: one that is due ends the
 * program. */
static Spares timeouts, waits;

static Handle *timeout_new(double seconds) {
    Handle *timeout = (Handle *)spares_take(&timeouts, &TimeoutType);
    timeout->callback = timeout->arguments = timeout->context = NULL;
    timeout->deadline_seconds = seconds; /* from the start, until it starts */
    timeout->is_timer = false;
    return timeout;
}

static void start(Handle *timeout) {
    timeout->callback = Py_NewRef(Py_None);
    timeout->deadline_seconds += now_seconds();
    timers_add(timeout);
}

static void stop(Handle *timeout) {
    Py_CLEAR(timeout->callback);
    timers_note_cancelled(timeout);
}

static void timeout_free(PyObject *self) {
    spares_give(&timeouts, self);
}

PyObject *timeout(PyObject *Py_UNUSED(module), PyObject *seconds) {
    return (PyObject *)timeout_new(PyFloat_AsDouble(seconds));
}

static PyObject *enter_step(PyObject *self) {
    PyObject *timeout = ((Place *)self)->owner;
    start((Handle *)timeout);
    return give(Py_NewRef(timeout));
}

PyTypeObject TimeoutEnterType = PLACE_TYPE("floor.TimeoutEnter", enter_step);

static PyObject *enter(PyObject *self, PyObject *Py_UNUSED(none)) {
    return place_new(&TimeoutEnterType, self, NULL);
}

static PyObject *leave(PyObject *self, PyObject *const *Py_UNUSED(arguments), Py_ssize_t Py_UNUSED(count)) {
    stop((Handle *)self);
    return Py_NewRef(over);
}

static PyMethodDef methods[] = {
    {"__aenter__", enter, METH_NOARGS, NULL},
    {"__aexit__", (PyCFunction)(void (*)(void))leave, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject TimeoutType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Timeout",
    .tp_basicsize = sizeof(Handle),
    .tp_dealloc = timeout_free,
    .tp_methods = methods,
};

/* A coroutine that is driven inside the task that waits, as the standard library's newer `wait_for` does. */
typedef struct {
    PyObject_HEAD PyObject *coroutine;
    Handle *timeout;
} WaitFor;

static PyObject *wait_for_step(PyObject *self) {
    WaitFor *wait = (WaitFor *)self;
    PyObject *result;
    if (!wait->timeout->callback)
        start(wait->timeout);
    PySendResult outcome = PyIter_Send(wait->coroutine, Py_None, &result);
    if (outcome == PYGEN_ERROR)
        fail("what was waited for failed");
    if (outcome == PYGEN_NEXT)
        return result;
    stop(wait->timeout);
    return give(result);
}

static void wait_for_free(PyObject *self) {
    Py_DECREF(((WaitFor *)self)->coroutine);
    Py_DECREF(((WaitFor *)self)->timeout);
    forget_given();
    spares_give(&waits, self);
}

PyTypeObject WaitForType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.WaitFor",
    .tp_basicsize = sizeof(WaitFor),
    .tp_dealloc = wait_for_free,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = wait_for_step,
};

/* wait_for(coroutine, seconds) */
PyObject *wait_for(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t Py_UNUSED(count)) {
    WaitFor *wait = (WaitFor *)spares_take(&waits, &WaitForType);
    wait->coroutine = Py_NewRef(arguments[0]);
    wait->timeout = timeout_new(PyFloat_AsDouble(arguments[1]));
    return (PyObject *)wait;
}
