#include "floor.h"

Task *running_task;

static Spares spares;
static uint64_t tasks_made;
/* The pending tasks, oldest first, between two ends. */
static Task pending = {.next = &pending, .previous = &pending};

PyObject *task_new(PyObject *coroutine, PyObject *context, Group *group, Py_ssize_t place) {
    Task *task = (Task *)spares_take(&spares, &TaskType);
    task->result = NULL;
    task->waiter = NULL;
    task->coroutine = Py_NewRef(coroutine);
    task->context = context ? Py_NewRef(context) : PyContext_CopyCurrent();
    task->number = ++tasks_made;
    task->group = (Group *)Py_XNewRef((PyObject *)group);
    task->place = place;
    task->next = task->previous = NULL;
    PyObject_GC_Track(task);
    return (PyObject *)task;
}

static int task_traverse(PyObject *self, visitproc visit, void *arg) {
    Task *task = (Task *)self;
    Py_VISIT(task->result);
    Py_VISIT(task->coroutine);
    Py_VISIT(task->context);
    Py_VISIT(task->group);
    return 0;
}

static int task_clear(PyObject *self) {
    Task *task = (Task *)self;
    Py_CLEAR(task->result);
    Py_CLEAR(task->coroutine);
    Py_CLEAR(task->context);
    Py_CLEAR(task->group);
    return 0;
}

static void task_free(PyObject *self) {
    PyObject_GC_UnTrack(self);
    task_clear(self);
    forget_given();
    spares_give(&spares, self);
}

static void link_pending(Task *task) {
    Py_INCREF(task);
    task->previous = pending.previous;
    task->next = &pending;
    task->previous->next = pending.previous = task;
}

static void finish(Task *task, PyObject *result) {
    task->result = result;
    wake(&task->waiter);
    if (task->group)
        group_note_end(task->group, task->place, result);
    if (task->next) {
        task->previous->next = task->next;
        task->next->previous = task->previous;
        task->next = task->previous = NULL;
        Py_DECREF(task);
    }
}

/* Returns whether the task has not ended; it is then queued, or noted where it waits. */
static bool advance(Task *task) {
    PyObject *result;
    PyContext_Enter(task->context);
    PySendResult outcome = PyIter_Send(task->coroutine, Py_None, &result);
    PyContext_Exit(task->context);
    if (outcome == PYGEN_ERROR)
        fail("a task failed");
    if (outcome == PYGEN_RETURN) {
        finish(task, result);
        return false;
    }
    if (result == Py_None)
        ready_push(task);
    Py_DECREF(result);
    return true;
}

void task_step(Task *task) {
    running_task = task;
    advance(task);
    running_task = NULL;
}

void task_start(Task *task) {
    link_pending(task);
    ready_push(task);
}

void task_start_eagerly(Task *task) {
    Task *outer = running_task;
    running_task = task;
    if (advance(task))
        link_pending(task);
    running_task = outer;
}

/* Task(coroutine, *, loop, eager_start) */
static PyObject *construct(PyObject *Py_UNUSED(type), PyObject *const *arguments, size_t count,
                           PyObject *names) {
    bool eagerly = false;
    Py_ssize_t positional = PyVectorcall_NARGS(count);
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++)
        if (!PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), "eager_start"))
            eagerly = arguments[positional + i] == Py_True;
    PyObject *task = task_new(arguments[0], NULL, NULL, 0);
    (eagerly ? task_start_eagerly : task_start)((Task *)task);
    return task;
}

PyObject *eager_task_factory(PyObject *Py_UNUSED(module), PyObject *const *arguments,
                             Py_ssize_t Py_UNUSED(count)) {
    PyObject *task = task_new(arguments[1], NULL, NULL, 0);
    task_start_eagerly((Task *)task);
    return task;
}

static PyObject *get_name(PyObject *self, PyObject *Py_UNUSED(none)) {
    return PyUnicode_FromFormat("Task-%llu", (unsigned long long)((Task *)self)->number);
}

static PyObject *get_coro(PyObject *self, PyObject *Py_UNUSED(none)) {
    return Py_NewRef(((Task *)self)->coroutine);
}

static PyObject *get_context(PyObject *self, PyObject *Py_UNUSED(none)) {
    return Py_NewRef(((Task *)self)->context);
}

static PyMethodDef methods[] = {
    {"done", future_done, METH_NOARGS, NULL},
    {"get_name", get_name, METH_NOARGS, NULL},
    {"get_coro", get_coro, METH_NOARGS, NULL},
    {"get_context", get_context, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject TaskType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Task",
    .tp_basicsize = sizeof(Task),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = task_traverse,
    .tp_clear = task_clear,
    .tp_dealloc = task_free,
    .tp_vectorcall = construct,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = future_step,
    .tp_methods = methods,
};
