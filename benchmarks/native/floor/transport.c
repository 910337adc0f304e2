#include "floor.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* A connected socket and the Python protocol on it. The poller's reference ends with the connection. */
typedef struct {
    PyObject_HEAD Endpoint endpoint;
    PyObject *protocol, *context;
    PyObject *data_received;               /* a bound method */
    PyObject *get_buffer, *buffer_updated; /* those of a buffered protocol */
} Transport;

static Transport *owner_of(Endpoint *endpoint) {
    return (Transport *)((char *)endpoint - offsetof(Transport, endpoint));
}

static void check(PyObject *result) {
    if (!result)
        fail("a protocol failed");
    Py_DECREF(result);
}

static void transport_clear(Transport *self) {
    Py_CLEAR(self->protocol);
    Py_CLEAR(self->context);
    Py_CLEAR(self->data_received);
    Py_CLEAR(self->get_buffer);
    Py_CLEAR(self->buffer_updated);
}

static void lose_connection(Transport *self) {
    endpoint_close(&self->endpoint);
    check(PyObject_CallMethod(self->protocol, "connection_lost", "O", Py_None));
    transport_clear(self);
    Py_DECREF(self);
}

static void read_protocol(Endpoint *endpoint) {
    Transport *self = owner_of(endpoint);
    if (endpoint->interest == EPOLLOUT) {
        endpoint_flush(endpoint);
        return;
    }
    PyObject *data = endpoint_receive(endpoint, RECEIVE_BYTES);
    if (!data)
        return;
    if (!PyBytes_GET_SIZE(data))
        lose_connection(self);
    else {
        PyContext_Enter(self->context);
        check(PyObject_CallOneArg(self->data_received, data));
        PyContext_Exit(self->context);
    }
    Py_DECREF(data);
}

static void read_buffered(Endpoint *endpoint) {
    Transport *self = owner_of(endpoint);
    if (endpoint->interest == EPOLLOUT) {
        endpoint_flush(endpoint);
        return;
    }
    Py_buffer view;
    PyContext_Enter(self->context);
    PyObject *hint = PyLong_FromLong(-1);
    PyObject *buffer = PyObject_CallOneArg(self->get_buffer, hint);
    if (!buffer || PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE))
        fail("a protocol gave no buffer");
    ssize_t count = recv(endpoint->descriptor, view.buf, (size_t)view.len, 0);
    bool is_over = count == 0 || (count < 0 && errno != EAGAIN);
    PyBuffer_Release(&view);
    if (count > 0) {
        PyObject *number = PyLong_FromSsize_t(count);
        check(PyObject_CallOneArg(self->buffer_updated, number));
        Py_DECREF(number);
    }
    PyContext_Exit(self->context);
    Py_DECREF(buffer);
    Py_DECREF(hint);
    if (is_over)
        lose_connection(self);
}

/* transport(descriptor, protocol) */
PyObject *transport_new(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t Py_UNUSED(count)) {
    Transport *self = (Transport *)_PyObject_New(&TransportType);
    self->protocol = Py_NewRef(arguments[1]);
    self->context = PyContext_CopyCurrent();
    self->data_received = self->get_buffer = self->buffer_updated = NULL;
    bool is_buffered = PyObject_HasAttrString(self->protocol, "get_buffer");
    if (is_buffered) {
        self->get_buffer = PyObject_GetAttrString(self->protocol, "get_buffer");
        self->buffer_updated = PyObject_GetAttrString(self->protocol, "buffer_updated");
    } else
        self->data_received = PyObject_GetAttrString(self->protocol, "data_received");
    endpoint_open(&self->endpoint, (int)PyLong_AsLong(arguments[0]),
                  is_buffered ? read_buffered : read_protocol);
#ifdef WITH_TLS
    tls_open(&self->endpoint);
#endif
    check(PyObject_CallMethod(self->protocol, "connection_made", "O", self));
    return Py_NewRef((PyObject *)self); /* the poller has the other reference */
}

static PyObject *transport_write(PyObject *self, PyObject *data) {
    endpoint_write(&((Transport *)self)->endpoint, data);
    Py_RETURN_NONE;
}

static PyObject *transport_writelines(PyObject *self, PyObject *parts) {
    PyObject *nothing = PyBytes_FromStringAndSize(NULL, 0);
    PyObject *data = PyObject_CallMethod(nothing, "join", "O", parts);
    if (!data)
        fail("writelines() of something else than buffers");
    endpoint_write(&((Transport *)self)->endpoint, data);
    Py_DECREF(data);
    Py_DECREF(nothing);
    Py_RETURN_NONE;
}

static PyObject *transport_close(PyObject *self, PyObject *Py_UNUSED(none)) {
    /* The next read sees the end. */
    shutdown(((Transport *)self)->endpoint.descriptor, SHUT_RDWR);
    Py_RETURN_NONE;
}

static PyObject *transport_is_closing(PyObject *self, PyObject *Py_UNUSED(none)) {
    return PyBool_FromLong(((Transport *)self)->endpoint.descriptor < 0);
}

/* get_extra_info(name, default=None): there is none. */
static PyObject *transport_get_extra_info(PyObject *Py_UNUSED(self), PyObject *const *arguments, Py_ssize_t count) {
    return Py_NewRef(count > 1 ? arguments[1] : Py_None);
}

static void transport_free(PyObject *self) {
    transport_clear((Transport *)self);
    PyObject_Free(self);
}

static PyMethodDef methods[] = {
    {"write", transport_write, METH_O, NULL},
    {"writelines", transport_writelines, METH_O, NULL},
    {"close", transport_close, METH_NOARGS, NULL},
    {"is_closing", transport_is_closing, METH_NOARGS, NULL},
    {"get_extra_info", (PyCFunction)(void (*)(void))transport_get_extra_info, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject TransportType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Transport",
    .tp_basicsize = sizeof(Transport),
    .tp_dealloc = transport_free,
    .tp_methods = methods,
};
