#include "floor.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* A socket of the program's, registered from its first use until its end: a socket that is read by turns
 * stays registered between two reads, and a read waits before it tries, because the one before emptied it. */
typedef struct {
    Endpoint endpoint;
    Task *waiting;
} Socket;

typedef struct {
    PyObject_HEAD Socket *socket;
    bool has_waited;
    Py_ssize_t wanted; /* of a read; how much a write has sent */
    PyObject *data;    /* of a write */
} Transfer;

static Socket **sockets; /* by descriptor */
static int sockets_max;
static Spares reads, writes;

static void socket_notify(Endpoint *endpoint) {
    Socket *self = (Socket *)endpoint;
    if (self->waiting)
        wake(&self->waiting);
    else
        endpoint_wait_for(endpoint, 0); /* nobody asks: the poller need not say so again and again */
}

static Socket *socket_of(PyObject *object) {
    int descriptor = PyObject_AsFileDescriptor(object);
    if (descriptor < 0)
        fail("a socket was expected");
    if (descriptor >= sockets_max) {
        int grown = 2 * descriptor + 64;
        sockets = realloc(sockets, (size_t)grown * sizeof *sockets);
        if (!sockets)
            fail("no memory");
        memset(sockets + sockets_max, 0, (size_t)(grown - sockets_max) * sizeof *sockets);
        sockets_max = grown;
    }
    if (!sockets[descriptor]) {
        Socket *self = calloc(1, sizeof *self);
        if (!self)
            fail("no memory");
        endpoint_open(&self->endpoint, descriptor, socket_notify);
        sockets[descriptor] = self;
    }
    return sockets[descriptor];
}

/* The program closes the descriptor itself, and the number may come again. */
static void forget(Socket *self) {
    epoll_ctl(poller, EPOLL_CTL_DEL, self->endpoint.descriptor, NULL);
    sockets[self->endpoint.descriptor] = NULL;
    free(self);
}

static PyObject *wait_until(Transfer *transfer, uint32_t events) {
    transfer->has_waited = true;
    endpoint_wait_for(&transfer->socket->endpoint, events);
    return park(&transfer->socket->waiting);
}

static PyObject *read_step(PyObject *self) {
    Transfer *transfer = (Transfer *)self;
    if (!transfer->has_waited)
        return wait_until(transfer, EPOLLIN);
    PyObject *data = endpoint_receive(&transfer->socket->endpoint, transfer->wanted);
    if (!data)
        return wait_until(transfer, EPOLLIN);
    if (!PyBytes_GET_SIZE(data))
        forget(transfer->socket);
    return give(data);
}

static void read_free(PyObject *self) {
    forget_given();
    spares_give(&reads, self);
}

PyTypeObject SocketReadType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.SocketRead",
    .tp_basicsize = sizeof(Transfer),
    .tp_dealloc = read_free,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = read_step,
};

PyObject *sock_recv(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t Py_UNUSED(count)) {
    Transfer *transfer = (Transfer *)spares_take(&reads, &SocketReadType);
    transfer->socket = socket_of(arguments[0]);
    transfer->has_waited = false;
    transfer->wanted = PyLong_AsSsize_t(arguments[1]);
    return (PyObject *)transfer;
}

static PyObject *write_step(PyObject *self) {
    Transfer *transfer = (Transfer *)self;
    const char *bytes = PyBytes_AS_STRING(transfer->data);
    size_t left = (size_t)(PyBytes_GET_SIZE(transfer->data) - transfer->wanted);
    ssize_t sent = send(transfer->socket->endpoint.descriptor, bytes + transfer->wanted, left, MSG_NOSIGNAL);
    /* What the peer no longer takes is dropped: the next read sees the end. */
    if (sent == (ssize_t)left || (sent < 0 && errno != EAGAIN))
        return NULL;
    if (sent > 0)
        transfer->wanted += sent;
    return wait_until(transfer, EPOLLOUT);
}

static void write_free(PyObject *self) {
    Py_DECREF(((Transfer *)self)->data);
    spares_give(&writes, self);
}

PyTypeObject SocketWriteType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.SocketWrite",
    .tp_basicsize = sizeof(Transfer),
    .tp_dealloc = write_free,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = write_step,
};

PyObject *sock_sendall(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t Py_UNUSED(count)) {
    Transfer *transfer = (Transfer *)spares_take(&writes, &SocketWriteType);
    transfer->socket = socket_of(arguments[0]);
    transfer->wanted = 0;
    transfer->data = Py_NewRef(arguments[1]);
    return (PyObject *)transfer;
}
