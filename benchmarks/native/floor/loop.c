#include "floor.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 1024, RUN_AT_ONCE = 64 };

/* A ring of what is to run. */
static void **ring;
static size_t first, ready, ring_size;

/* Other threads write to it while the loop sleeps. */
static Endpoint bell = {.descriptor = -1};
static bool is_asleep;

int poller = -1;

void ready_push(void *entry) {
    if (ready == ring_size) {
        size_t size = ring_size ? 2 * ring_size : 1024;
        void **grown = malloc(size * sizeof *grown);
        if (!grown)
            fail("no memory");
        for (size_t i = 0; i < ready; i++)
            grown[i] = ring[(first + i) & (ring_size - 1)];
        free(ring);
        ring = grown;
        ring_size = size;
        first = 0;
    }
    ring[(first + ready++) & (ring_size - 1)] = entry;
}

static void run_ready(void) {
    for (int left = RUN_AT_ONCE; ready && left; left--) {
        void *entry = ring[first];
        first = (first + 1) & (ring_size - 1);
        ready--;
        if (Py_IS_TYPE((PyObject *)entry, &TaskType))
            task_step(entry);
        else
            handle_run(entry);
    }
}

static void ask_poller(void) {
    static struct epoll_event events[EVENTS_AT_ONCE];
    int timeout_ms = ready ? 0 : timers_patience_ms();
    is_asleep = timeout_ms != 0;
    PyThreadState *state = is_asleep ? PyEval_SaveThread() : NULL;
    int count = epoll_wait(poller, events, EVENTS_AT_ONCE, timeout_ms);
    if (state)
        PyEval_RestoreThread(state);
    is_asleep = false;
    for (int i = 0; i < count; i++) {
        Endpoint *endpoint = events[i].data.ptr;
        endpoint->notify(endpoint);
    }
    timers_queue_due();
}

static void hear_bell(Endpoint *endpoint) {
    uint64_t rings;
    if (read(endpoint->descriptor, &rings, sizeof rings) < 0 && errno != EAGAIN)
        fail("eventfd");
}

/* Under the interpreter's lock, so that the loop is either awake or as good as asleep. */
void wake_loop(void) {
    const uint64_t once = 1;
    if (!is_asleep)
        return;
    is_asleep = false;
    if (bell.descriptor < 0)
        endpoint_open(&bell, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), hear_bell);
    if (write(bell.descriptor, &once, sizeof once) < 0)
        fail("eventfd");
}

static PyObject *run_forever(PyObject *Py_UNUSED(loop), PyObject *Py_UNUSED(none)) {
    for (;;) {
        run_ready();
        ask_poller();
    }
    Py_UNREACHABLE();
}

PyObject *loop_run(PyObject *Py_UNUSED(loop), PyObject *coroutine) {
    Task *main = (Task *)task_new(coroutine, NULL, NULL, 0);
    task_start(main);
    for (;;) {
        run_ready();
        if (main->result)
            break;
        ask_poller();
    }
    PyObject *result = Py_NewRef(main->result);
    Py_DECREF(main);
    return result;
}

static PyObject *create_task(PyObject *Py_UNUSED(loop), PyObject *coroutine) {
    PyObject *task = task_new(coroutine, NULL, NULL, 0);
    task_start((Task *)task);
    return task;
}

static PyObject *create_future(PyObject *Py_UNUSED(loop), PyObject *Py_UNUSED(none)) {
    return future_new();
}

static PyObject *call_soon(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t count,
                           PyObject *names) {
    PyObject *handle = handle_new(arguments, count, names ? arguments[count] : NULL);
    ready_push(Py_NewRef(handle));
    return handle;
}

static PyObject *add_timer(double start_seconds, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
    PyObject *handle = handle_new(arguments + 1, count - 1, names ? arguments[count] : NULL);
    ((Handle *)handle)->deadline_seconds = start_seconds + PyFloat_AsDouble(arguments[0]);
    timers_add((Handle *)handle);
    return handle;
}

static PyObject *call_later(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t count,
                            PyObject *names) {
    return add_timer(now_seconds(), arguments, count, names);
}

static PyObject *call_at(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t count,
                         PyObject *names) {
    return add_timer(0, arguments, count, names);
}

static PyObject *tell_time(PyObject *Py_UNUSED(loop), PyObject *Py_UNUSED(none)) {
    return PyFloat_FromDouble(now_seconds());
}

#define FAST(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL
#define FAST_WITH_NAMES(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef methods[] = {
    {"run", loop_run, METH_O, NULL},
    {"run_forever", run_forever, METH_NOARGS, NULL},
    {"create_task", create_task, METH_O, NULL},
    {"create_future", create_future, METH_NOARGS, NULL},
    {"call_soon", FAST_WITH_NAMES(call_soon), NULL},
    {"call_soon_threadsafe", FAST(call_soon_threadsafe), NULL},
    {"run_in_executor", FAST(run_in_executor), NULL},
    {"call_later", FAST_WITH_NAMES(call_later), NULL},
    {"call_at", FAST_WITH_NAMES(call_at), NULL},
    {"time", tell_time, METH_NOARGS, NULL},
    {"serve", FAST(serve), NULL},
#ifdef WITH_TLS
    {"secure", FAST(secure), NULL},
#endif
    {"transport", FAST(transport_new), NULL},
    {"datagrams", FAST(datagrams_new), NULL},
    {"stream", stream_new, METH_O, NULL},
    {"sock_recv", FAST(sock_recv), NULL},
    {"sock_sendall", FAST(sock_sendall), NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject LoopType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Loop",
    .tp_basicsize = sizeof(PyObject),
    .tp_methods = methods,
};
