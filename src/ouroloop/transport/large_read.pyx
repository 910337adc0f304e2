"""Reading a large message straight into the object that the protocol gets, which saves a copy.

A connection whose last read was large makes room for the next one before it knows its size. A small read goes through
the loop's buffer, because making room and giving most of it back costs more than the copy. TLS knows how much there is
to decrypt.
"""

from cpython.ref cimport PyObject

from ouroloop.kernel.sockets cimport receive

cdef extern from "Python.h":
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *data, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject **data, Py_ssize_t size) except -1
    char *bytes_of "PyBytes_AS_STRING"(PyObject *data)
    Py_ssize_t size_of "PyBytes_GET_SIZE"(PyObject *data)
    void set_size "Py_SET_SIZE"(PyObject *data, Py_ssize_t size)
    void Py_DECREF(PyObject *owned)


cdef bytes receive_object(int fd, Py_ssize_t room, Py_ssize_t *count):
    cdef PyObject *data = new_bytes(NULL, room)
    count[0] = receive(fd, bytes_of(data), room)
    if count[0] <= 0:
        Py_DECREF(data)
        return None
    return fitted(data, count[0])


cdef bytes fitted(PyObject *data, Py_ssize_t count):
    cdef Py_ssize_t room = size_of(data)
    if room - count > room // 8:
        _PyBytes_Resize(&data, count)
    elif count != room:
        # What is left over is less than giving it back costs.
        set_size(data, count)
        bytes_of(data)[count] = 0
    received = <object>data
    Py_DECREF(data)
    return <bytes>received


cdef Py_ssize_t room_after(Py_ssize_t count) noexcept:
    return min(count + count // 8, <Py_ssize_t>ROOM_MAX) if count >= LARGE_READ else 0
