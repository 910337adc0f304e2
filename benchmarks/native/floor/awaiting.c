#include "floor.h"

/* The interpreter asks for an exception where an awaitable ends with a value. One serves for all of them,
 * because it is taken apart before anybody else could see it. */
static PyStopIterationObject *stop;

PyObject *over;

PyObject *give(PyObject *value) {
    if (value == Py_None) {
        Py_DECREF(value);
        return NULL;
    }
    if (!stop || Py_REFCNT(stop) != 1) {
        Py_XDECREF(stop);
        stop = (PyStopIterationObject *)PyObject_CallNoArgs(PyExc_StopIteration);
    }
    Py_XSETREF(stop->value, value);
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(Py_NewRef((PyObject *)stop));
#else
    PyErr_Restore(Py_NewRef(PyExc_StopIteration), Py_NewRef((PyObject *)stop), NULL);
#endif
    return NULL;
}

void forget_given(void) {
    if (stop && Py_REFCNT(stop) == 1)
        Py_CLEAR(stop->value);
}

PyObject *park(Task **place) {
    Task *last = *place;
    running_task->next_waiter = last ? last->next_waiter : running_task;
    if (last)
        last->next_waiter = running_task;
    *place = running_task;
    return Py_NewRef(Py_Ellipsis);
}

void wake(Task **place) {
    Task *last = *place;
    if (!last)
        return;
    *place = NULL;
    for (Task *next = last->next_waiter;; next = next->next_waiter) {
        ready_push(next);
        if (next == last)
            return;
    }
}

PyObject *await_self(PyObject *self) {
    return Py_NewRef(self);
}

PyAsyncMethods awaitable = {.am_await = await_self};

/* What `sleep(0)` gives: it lets the others go first, once. */
typedef struct {
    PyObject_HEAD bool has_waited;
} Wait;

static Spares spares;

static PyObject *wait_step(PyObject *self) {
    Wait *wait = (Wait *)self;
    if (wait->has_waited)
        return NULL;
    wait->has_waited = true;
    return Py_NewRef(Py_None);
}

static void wait_free(PyObject *self) {
    spares_give(&spares, self);
}

PyTypeObject WaitType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Wait",
    .tp_basicsize = sizeof(Wait),
    .tp_dealloc = wait_free,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = wait_step,
};

PyObject *sleep_zero(PyObject *Py_UNUSED(module), PyObject *delay) {
    if (PyObject_IsTrue(delay))
        fail("sleep: only 0 is known");
    Wait *wait = (Wait *)spares_take(&spares, &WaitType);
    wait->has_waited = false;
    return (PyObject *)wait;
}
