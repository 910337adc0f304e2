#include "floor.h"

#include <sys/epoll.h>

/* A connected socket as reader and writer in one. The poller's reference ends with the connection. */
typedef struct {
    PyObject_HEAD Endpoint endpoint;
    PyObject *arrived; /* bytes that nobody has read yet, or NULL; empty at the end */
    Task *reading, *draining;
} Stream;

typedef struct {
    PyObject_HEAD Stream *stream;
    Py_ssize_t wanted;
} Read;

static Spares reads, flushes;

static Stream *owner_of(Endpoint *endpoint) {
    return (Stream *)((char *)endpoint - offsetof(Stream, endpoint));
}

static void stream_notify(Endpoint *endpoint) {
    Stream *self = owner_of(endpoint);
    if (endpoint->interest == EPOLLOUT) {
        if (endpoint_flush(endpoint))
            wake(&self->draining);
        return;
    }
    PyObject *data = endpoint_receive(endpoint, RECEIVE_BYTES);
    if (!data)
        return;
    if (!PyBytes_GET_SIZE(data))
        endpoint_wait_for(endpoint, 0);
    if (self->arrived)
        PyBytes_ConcatAndDel(&self->arrived, data);
    else
        self->arrived = data;
    wake(&self->reading);
}

static PyObject *read_step(PyObject *self) {
    Read *read = (Read *)self;
    Stream *stream = read->stream;
    PyObject *data = stream->arrived;
    if (!data)
        return park(&stream->reading);
    Py_ssize_t count = PyBytes_GET_SIZE(data);
    if (!count)
        return give(Py_NewRef(data)); /* the end stays */
    stream->arrived = NULL;
    if (count > read->wanted) {
        const char *bytes = PyBytes_AS_STRING(data);
        stream->arrived = PyBytes_FromStringAndSize(bytes + read->wanted, count - read->wanted);
        Py_SETREF(data, PyBytes_FromStringAndSize(bytes, read->wanted));
    }
    return give(data);
}

static void read_free(PyObject *self) {
    Py_DECREF(((Read *)self)->stream);
    forget_given();
    spares_give(&reads, self);
}

PyTypeObject ReadType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Read",
    .tp_basicsize = sizeof(Read),
    .tp_dealloc = read_free,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = read_step,
};

static PyObject *stream_read(PyObject *self, PyObject *wanted) {
    Read *read = (Read *)spares_take(&reads, &ReadType);
    read->stream = (Stream *)Py_NewRef(self);
    read->wanted = PyLong_AsSsize_t(wanted);
    return (PyObject *)read;
}

static PyObject *flush_step(PyObject *self) {
    Stream *stream = ((Read *)self)->stream;
    return stream->endpoint.queued_bytes ? park(&stream->draining) : NULL;
}

static void flush_free(PyObject *self) {
    Py_DECREF(((Read *)self)->stream);
    spares_give(&flushes, self);
}

PyTypeObject FlushType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Flush",
    .tp_basicsize = sizeof(Read),
    .tp_dealloc = flush_free,
    .tp_as_async = &awaitable,
    .tp_iter = await_self,
    .tp_iternext = flush_step,
};

static PyObject *stream_drain(PyObject *self, PyObject *Py_UNUSED(none)) {
    if (!((Stream *)self)->endpoint.queued_bytes)
        return Py_NewRef(over);
    Read *flush = (Read *)spares_take(&flushes, &FlushType);
    flush->stream = (Stream *)Py_NewRef(self);
    return (PyObject *)flush;
}

static PyObject *stream_write(PyObject *self, PyObject *data) {
    endpoint_write(&((Stream *)self)->endpoint, data);
    Py_RETURN_NONE;
}

static PyObject *stream_close(PyObject *self, PyObject *Py_UNUSED(none)) {
    if (((Stream *)self)->endpoint.descriptor >= 0) {
        endpoint_close(&((Stream *)self)->endpoint);
        Py_DECREF(self);
    }
    Py_RETURN_NONE;
}

PyObject *stream_new(PyObject *Py_UNUSED(loop), PyObject *descriptor) {
    Stream *self = (Stream *)_PyObject_New(&StreamType);
    self->arrived = NULL;
    self->reading = self->draining = NULL;
    endpoint_open(&self->endpoint, (int)PyLong_AsLong(descriptor), stream_notify);
#ifdef WITH_TLS
    tls_open(&self->endpoint);
#endif
    return Py_NewRef((PyObject *)self); /* the poller has the other reference */
}

static void stream_free(PyObject *self) {
    Py_CLEAR(((Stream *)self)->arrived);
    PyObject_Free(self);
}

static PyMethodDef methods[] = {
    {"read", stream_read, METH_O, NULL},
    {"write", stream_write, METH_O, NULL},
    {"drain", stream_drain, METH_NOARGS, NULL},
    {"close", stream_close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject StreamType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Stream",
    .tp_basicsize = sizeof(Stream),
    .tp_dealloc = stream_free,
    .tp_methods = methods,
};
