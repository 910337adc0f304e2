#include "floor.h"

#include <arpa/inet.h>
#include <sys/socket.h>

/* An unconnected socket of IPv4 and the Python protocol on it, for ever. */
typedef struct {
    PyObject_HEAD Endpoint endpoint;
    PyObject *protocol, *context;
    PyObject *datagram_received; /* a bound method */
    /* The sender of the last datagram, both ways: a reply to it need not be turned into an address again. */
    PyObject *sender;
    struct sockaddr_in sender_address;
} Datagrams;

/* So that a flooded socket starves nobody. */
enum { AT_ONCE = 16 };

static PyObject *sender_of(Datagrams *self, const struct sockaddr_in *address) {
    char host[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &address->sin_addr, host, sizeof host);
    self->sender_address = *address;
    PyObject *sender = PyTuple_New(2);
    PyTuple_SET_ITEM(sender, 0, PyUnicode_FromString(host));
    PyTuple_SET_ITEM(sender, 1, PyLong_FromLong(ntohs(address->sin_port)));
    Py_XSETREF(self->sender, sender);
    return Py_NewRef(sender);
}

static void read_datagrams(Endpoint *endpoint) {
    Datagrams *self = (Datagrams *)((char *)endpoint - offsetof(Datagrams, endpoint));
    for (int i = 0; i < AT_ONCE; i++) {
        struct sockaddr_in address;
        socklen_t length = sizeof address;
        ssize_t count = recvfrom(endpoint->descriptor, received, sizeof received, 0,
                                 (struct sockaddr *)&address, &length);
        if (count < 0)
            return;
        PyObject *arguments[] = {PyBytes_FromStringAndSize(received, count), sender_of(self, &address)};
        PyContext_Enter(self->context);
        PyObject *result = PyObject_Vectorcall(self->datagram_received, arguments, 2, NULL);
        PyContext_Exit(self->context);
        if (!result)
            fail("a protocol failed");
        Py_DECREF(result);
        Py_DECREF(arguments[0]);
        Py_DECREF(arguments[1]);
    }
}

static PyObject *sendto_address(PyObject *self_object, PyObject *const *arguments, Py_ssize_t count) {
    Datagrams *self = (Datagrams *)self_object;
    if (count != 2 || arguments[1] != self->sender)
        fail("sendto: only the last sender is known");
    /* What does not fit is lost, as datagrams may be. */
    sendto(self->endpoint.descriptor, PyBytes_AS_STRING(arguments[0]), (size_t)PyBytes_GET_SIZE(arguments[0]),
           0, (struct sockaddr *)&self->sender_address, sizeof self->sender_address);
    Py_RETURN_NONE;
}

/* datagrams(descriptor, protocol) */
PyObject *datagrams_new(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t Py_UNUSED(count)) {
    Datagrams *self = (Datagrams *)_PyObject_New(&DatagramsType);
    self->protocol = Py_NewRef(arguments[1]);
    self->context = PyContext_CopyCurrent();
    self->sender = NULL;
    self->datagram_received = PyObject_GetAttrString(self->protocol, "datagram_received");
    endpoint_open(&self->endpoint, (int)PyLong_AsLong(arguments[0]), read_datagrams);
    PyObject *result = PyObject_CallMethod(self->protocol, "connection_made", "O", self);
    if (!result || !self->datagram_received)
        fail("a protocol failed");
    Py_DECREF(result);
    return (PyObject *)self;
}

static PyMethodDef methods[] = {
    {"sendto", (PyCFunction)(void (*)(void))sendto_address, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject DatagramsType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Datagrams",
    .tp_basicsize = sizeof(Datagrams),
    .tp_methods = methods,
};
