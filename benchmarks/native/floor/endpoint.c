#include "floor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A larger object would be asked for from the kernel each time. */
enum { MUCH_BYTES = 16 * 1024, OBJECT_BYTES = 120 * 1024 };

char received[RECEIVE_BYTES];

void endpoint_wait_for(Endpoint *endpoint, uint32_t events) {
    if (endpoint->interest == events)
        return;
    struct epoll_event interest = {.events = events, .data.ptr = endpoint};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, endpoint->descriptor, &interest))
        fail("epoll_ctl");
    endpoint->interest = events;
}

void endpoint_open(Endpoint *endpoint, int descriptor, void (*notify)(Endpoint *)) {
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = endpoint};
    *endpoint = (Endpoint){.descriptor = descriptor, .interest = EPOLLIN, .notify = notify};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &interest))
        fail("epoll_ctl");
}

void endpoint_close(Endpoint *endpoint) {
    if (endpoint->descriptor < 0)
        return;
    close(endpoint->descriptor);
    endpoint->descriptor = -1;
#ifdef WITH_TLS
    if (endpoint->tls)
        tls_close(endpoint);
#endif
    free(endpoint->queued);
    endpoint->queued = NULL;
    endpoint->queued_bytes = endpoint->queued_bytes_max = 0;
}

static PyObject *receive_much(Endpoint *endpoint, Py_ssize_t wanted) {
    PyObject *data = PyBytes_FromStringAndSize(NULL, wanted < OBJECT_BYTES ? wanted : OBJECT_BYTES);
    ssize_t count = recv(endpoint->descriptor, PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data), 0);
    if (count < 0 && errno == EAGAIN) {
        Py_DECREF(data);
        return NULL;
    }
    endpoint->reads_much = count >= MUCH_BYTES;
    _PyBytes_Resize(&data, count > 0 ? count : 0);
    return data;
}

PyObject *endpoint_receive(Endpoint *endpoint, Py_ssize_t wanted) {
#ifdef WITH_TLS
    if (endpoint->tls)
        return tls_receive(endpoint);
#endif
    if (endpoint->reads_much)
        return receive_much(endpoint, wanted);
    size_t count_max = wanted < RECEIVE_BYTES ? (size_t)wanted : RECEIVE_BYTES;
    ssize_t count = recv(endpoint->descriptor, received, count_max, 0);
    if (count < 0 && errno == EAGAIN)
        return NULL;
    endpoint->reads_much = count >= MUCH_BYTES;
    return PyBytes_FromStringAndSize(received, count > 0 ? count : 0);
}

static void enqueue(Endpoint *endpoint, const char *bytes, size_t count) {
    size_t needed = endpoint->queued_bytes + count;
    if (needed > endpoint->queued_bytes_max) {
        endpoint->queued = realloc(endpoint->queued, needed * 2);
        endpoint->queued_bytes_max = needed * 2;
        if (!endpoint->queued)
            fail("no memory");
    }
    memcpy(endpoint->queued + endpoint->queued_bytes, bytes, count);
    endpoint->queued_bytes = needed;
    endpoint_wait_for(endpoint, EPOLLOUT);
}

void endpoint_send(Endpoint *endpoint, const char *bytes, size_t count) {
    ssize_t sent = 0;
    if (!endpoint->queued_bytes) {
        sent = send(endpoint->descriptor, bytes, count, MSG_NOSIGNAL);
        if (sent == (ssize_t)count || (sent < 0 && errno != EAGAIN))
            return;
        if (sent < 0)
            sent = 0;
    }
    enqueue(endpoint, bytes + sent, count - (size_t)sent);
}

void endpoint_write(Endpoint *endpoint, PyObject *data) {
#ifdef WITH_TLS
    if (endpoint->tls) {
        tls_write(endpoint, data);
        return;
    }
#endif
    endpoint_send(endpoint, PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data));
}

bool endpoint_flush(Endpoint *endpoint) {
    ssize_t sent = send(endpoint->descriptor, endpoint->queued, endpoint->queued_bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN)
        return false;
    endpoint->queued_bytes = sent < 0 ? 0 : endpoint->queued_bytes - (size_t)sent;
    if (endpoint->queued_bytes) {
        memmove(endpoint->queued, endpoint->queued + sent, endpoint->queued_bytes);
        return false;
    }
    endpoint_wait_for(endpoint, EPOLLIN);
    return true;
}

typedef struct {
    Endpoint endpoint;
    PyObject *connected;
} Listener;

static void accept_all(Endpoint *endpoint) {
    int descriptor, yes = 1;
    while ((descriptor = accept4(endpoint->descriptor, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        /* A Unix socket has no such option. */
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        PyObject *result = PyObject_CallFunction(((Listener *)endpoint)->connected, "i", descriptor);
        if (!result)
            fail("a new connection was refused");
        Py_DECREF(result);
    }
}

PyObject *serve(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t Py_UNUSED(count)) {
    Listener *listener = malloc(sizeof *listener);
    if (!listener)
        fail("no memory");
    listener->connected = Py_NewRef(arguments[1]);
    endpoint_open(&listener->endpoint, (int)PyLong_AsLong(arguments[0]), accept_all);
    Py_RETURN_NONE;
}
