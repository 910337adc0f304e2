/* The floor: the least that a loop must do which calls Python code for each message, as a C extension. It has
 * the system calls, the objects that a Python program sees, and the calls into Python; no cancellation, no
 * debug mode, no hooks, and for whatever goes wrong it aborts. One loop in a process, one task waiting for a
 * thing at a time.
 *
 * An awaitable here is its own iterator. It answers a step with Py_Ellipsis when it has noted the running
 * task as the one to wake, with Py_None when the task is to go on in its turn, and with NULL when it is over:
 * see `give`. */
#ifndef FLOOR_H
#define FLOOR_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct task Task;

/* What a future and a task have in common. */
#define FUTURE_HEAD                                                                                          \
    PyObject_HEAD PyObject *result; /* NULL while it is pending */                                           \
    Task *waiter;                   /* the last of a ring, borrowed: the loop keeps pending tasks alive */

typedef struct {
    FUTURE_HEAD
} Future;

/* Tasks that somebody waits for together. */
typedef struct {
    PyObject_HEAD PyObject *results; /* a list with a place for each, or NULL where nobody asks for results */
    Py_ssize_t remaining;
    Task *waiter;
} Group;

struct task {
    FUTURE_HEAD
    PyObject *coroutine, *context;
    uint64_t number;       /* of which a name is made when somebody asks */
    Group *group;          /* owned */
    Py_ssize_t place;      /* in the group's results */
    Task *next_waiter;     /* in the ring of those who wait for the same thing, who came first after who came last */
    Task *next, *previous; /* the list of pending tasks, which owns a reference to each */
};

typedef struct {
    PyObject_HEAD PyObject *callback, *arguments, *context; /* all NULL once it was cancelled or has run */
    double deadline_seconds;                                /* of a timer */
    bool is_timer;
} Handle;

extern PyTypeObject FutureType, TaskType, GroupType, TaskGroupType, HandleType, LoopType, TransportType,
    StreamType;
extern PyTypeObject WaitType;

/* NULL between two steps. */
extern Task *running_task;

/* Everything that fails ends here. */
_Noreturn void fail(const char *what);

/* --- spares.c: a few freed objects of a type are kept for the next */
enum { SPARES_MAX = 64 };
typedef struct {
    int count;
    PyObject *kept[SPARES_MAX];
} Spares;
/* An object with one reference, not yet tracked by the collector. */
PyObject *spares_take(Spares *spares, PyTypeObject *type);
/* Takes an object without references, untracked, and frees it where there are enough. */
void spares_give(Spares *spares, PyObject *object);

/* --- awaiting.c: how an awaitable ends, and how a task waits */
/* Ends an awaitable with a value, whose reference it takes: what its step returns then is NULL. */
PyObject *give(PyObject *value);
/* Lets go of the value that was given last; whoever awaited has it. */
void forget_given(void);
/* Has the running task woken through this place: what the step returns then. */
PyObject *park(Task **place);
void wake(Task **place);
PyObject *await_self(PyObject *self);
PyObject *sleep_zero(PyObject *module, PyObject *delay);
extern PyAsyncMethods awaitable;
extern PyObject *over; /* an awaitable that is over without a value */

/* --- future.c */
PyObject *future_new(void);
void future_finish(PyObject *future, PyObject *result); /* takes the reference to the result */
PyObject *future_step(PyObject *future);
PyObject *future_done(PyObject *future, PyObject *none);

/* --- task.c */
PyObject *task_new(PyObject *coroutine, PyObject *context, Group *group, Py_ssize_t place);
void task_start(Task *task);
void task_start_eagerly(Task *task);
/* eager_task_factory(loop, coroutine) */
PyObject *eager_task_factory(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
void task_step(Task *task);

/* --- group.c */
PyObject *gather(PyObject *module, PyObject *const *coroutines, Py_ssize_t count);
void group_note_end(Group *group, Py_ssize_t place, PyObject *result);

/* --- handle.c */
PyObject *handle_new(PyObject *const *arguments, Py_ssize_t count, PyObject *context);
void handle_run(Handle *handle);

/* --- timers.c: a heap of handles by their deadlines */
void timers_add(Handle *handle);
void timers_note_cancelled(Handle *handle);
/* Queues what is due. */
void timers_queue_due(void);
/* How long the loop may sleep for the first timer, in milliseconds rounded up; -1 for ever. */
int timers_patience_ms(void);
double now_seconds(void);

/* --- loop.c */
void ready_push(void *entry); /* a task, borrowed, or a handle, whose reference it takes */
PyObject *loop_run(PyObject *loop, PyObject *coroutine);
/* Ends the loop's sleep, from another thread. */
void wake_loop(void);

/* --- limit.c, thread.c */
PyObject *timeout(PyObject *module, PyObject *seconds);
PyObject *wait_for(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *call_soon_threadsafe(PyObject *loop, PyObject *const *arguments, Py_ssize_t count);
PyObject *run_in_executor(PyObject *loop, PyObject *const *arguments, Py_ssize_t count);
PyObject *to_thread(PyObject *module, PyObject *function);

/* --- endpoint.c: a descriptor that the poller watches */
typedef struct endpoint Endpoint;
struct endpoint {
    int descriptor;
    uint32_t interest; /* events registered with the poller */
    bool reads_much;   /* the last read was large: the next goes into an object of its own */
    void (*notify)(Endpoint *);
    char *queued; /* what could not be sent yet; meanwhile nothing is read */
    size_t queued_bytes, queued_bytes_max;
    void *tls; /* OpenSSL's session, or NULL */
};
enum { RECEIVE_BYTES = 256 * 1024, NOTHING_YET = -2 };
extern char received[RECEIVE_BYTES];
extern int poller;
void endpoint_open(Endpoint *endpoint, int descriptor, void (*notify)(Endpoint *));
void endpoint_wait_for(Endpoint *endpoint, uint32_t events);
void endpoint_close(Endpoint *endpoint);
/* Bytes, empty ones at the end of the stream; NULL when nothing has arrived. */
PyObject *endpoint_receive(Endpoint *endpoint, Py_ssize_t wanted);
/* Sends at once what the kernel takes and queues the rest. What the peer no longer takes is dropped: the next
 * read sees the end. */
void endpoint_write(Endpoint *endpoint, PyObject *data);
/* The same for bytes that TLS does not encrypt any more. */
void endpoint_send(Endpoint *endpoint, const char *bytes, size_t count);
/* Sends from the queue; false while something is left. */
bool endpoint_flush(Endpoint *endpoint);
/* Accepts on a listening descriptor for ever, and calls `connected` with each new one. */
PyObject *serve(PyObject *loop, PyObject *const *arguments, Py_ssize_t count);

#ifdef WITH_TLS
/* --- tls.c: the server's side of TLS, on connected endpoints. Who writes before it has read aborts: the
 * handshake may not be over. */
/* secure(certificate, key): all that connect from then on speak TLS. */
PyObject *secure(PyObject *loop, PyObject *const *arguments, Py_ssize_t count);
/* Nothing where `secure` was not called. */
void tls_open(Endpoint *endpoint);
void tls_close(Endpoint *endpoint);
/* As `endpoint_receive` and `endpoint_write`, which call them. */
PyObject *tls_receive(Endpoint *endpoint);
void tls_write(Endpoint *endpoint, PyObject *data);
#endif

/* --- transport.c, datagram.c, stream.c, socket.c */
PyObject *transport_new(PyObject *loop, PyObject *const *arguments, Py_ssize_t count);
PyObject *datagrams_new(PyObject *loop, PyObject *const *arguments, Py_ssize_t count);
PyObject *stream_new(PyObject *loop, PyObject *descriptor);
PyObject *sock_recv(PyObject *loop, PyObject *const *arguments, Py_ssize_t count);
PyObject *sock_sendall(PyObject *loop, PyObject *const *arguments, Py_ssize_t count);
extern PyTypeObject DatagramsType, ReadType, FlushType, SocketReadType, SocketWriteType;

#endif
