# The buffer that a `BufferedProtocol` wants to have filled.
cdef extern from "Python.h":
    int PyObject_GetBuffer(object buffer, Py_buffer *view, int flags) noexcept
    int PyBUF_WRITABLE
    void PyErr_Clear()

# Opens it for writing. Raises TypeError for what cannot be written to; `argument` says whose the standard library's is.
cdef inline int open_buffer(object buffer, Py_buffer *view, str argument) except -1:
    if PyObject_GetBuffer(buffer, view, PyBUF_WRITABLE) == 0:
        return 0
    PyErr_Clear()
    raise TypeError(f"{argument} must be read-write bytes-like object, not {type(buffer).__name__}")
