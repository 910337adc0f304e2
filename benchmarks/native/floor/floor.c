#include "line.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

static PyObject *loop;

void fail(const char *what) {
    fprintf(stderr, "floor: %s\n", what);
    if (PyErr_Occurred())
        PyErr_Print();
    abort();
}

static PyObject *get_running_loop(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) {
    return Py_NewRef(loop);
}

static PyObject *current_task(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) {
    return Py_NewRef(running_task ? (PyObject *)running_task : Py_None);
}

static PyMethodDef functions[] = {
    {"get_running_loop", get_running_loop, METH_NOARGS, NULL},
    {"current_task", current_task, METH_NOARGS, NULL},
    {"sleep", sleep_zero, METH_O, NULL},
    {"gather", (PyCFunction)(void (*)(void))gather, METH_FASTCALL, NULL},
    {"eager_task_factory", (PyCFunction)(void (*)(void))eager_task_factory, METH_FASTCALL, NULL},
    {"timeout", timeout, METH_O, NULL},
    {"wait_for", (PyCFunction)(void (*)(void))wait_for, METH_FASTCALL, NULL},
    {"to_thread", to_thread, METH_O, NULL},
    {"run", loop_run, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "floor",
    .m_doc = "The least that a loop must do, under the names of asyncio.",
    .m_size = -1,
    .m_methods = functions,
};

static PyObject *nothing_left(PyObject *Py_UNUSED(self)) {
    return NULL;
}

static PyTypeObject OverType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Over",
    .tp_basicsize = sizeof(PyObject),
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = nothing_left,
};

/* What a program reaches by name. */
static PyTypeObject *public_types[] = {
    &TaskType, &TaskGroupType, &LockType, &SemaphoreType, &ConditionType, &EventType, &QueueType,
};

static PyTypeObject *private_types[] = {
    &FutureType,    &GroupType,        &HandleType,  &LoopType, &TransportType,     &StreamType,
    &WaitType,      &ReadType,         &FlushType,   &OverType, &SocketReadType,    &SocketWriteType,
    &AcquireType,   &EventWaitType,    &GetType,     &PutType,  &ConditionWaitType, &TimeoutType,
    &DatagramsType, &TimeoutEnterType, &WaitForType,
};

PyMODINIT_FUNC PyInit_floor(void) {
    for (size_t i = 0; i < sizeof private_types / sizeof *private_types; i++)
        if (PyType_Ready(private_types[i]))
            return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (!module)
        return NULL;
    for (size_t i = 0; i < sizeof public_types / sizeof *public_types; i++)
        if (PyModule_AddType(module, public_types[i]))
            return NULL;
    poller = epoll_create1(EPOLL_CLOEXEC);
    loop = _PyObject_New(&LoopType);
    over = _PyObject_New(&OverType);
    return poller < 0 ? PyErr_SetFromErrno(PyExc_OSError) : module;
}
