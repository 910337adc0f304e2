from cpython.ref cimport PyObject

cdef enum:
    LARGE_READ = 4 * 1024           # bytes from which on a second copy costs more than making room
    ROOM_MAX = 120 * 1024           # bytes; the C library asks the kernel for larger objects, each time anew

# Reads into a new object of at most `room` bytes; None with the call's result, 0 or a negated errno, in `count`.
cdef bytes receive_object(int fd, Py_ssize_t room, Py_ssize_t *count)
# How much to make room for after a read of `count` bytes: a little more, 0 for small ones.
cdef Py_ssize_t room_after(Py_ssize_t count) noexcept
# The first `count` bytes of an object that nobody else has; takes the reference to it.
cdef bytes fitted(PyObject *data, Py_ssize_t count)
