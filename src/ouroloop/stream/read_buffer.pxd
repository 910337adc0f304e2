from cpython.ref cimport PyObject

cdef class ReadBuffer:
    cdef PyObject *store              # a bytes object (owned) that holds what is unread, or NULL while nothing is
    cdef Py_ssize_t start             # place in `store` of the first unread byte
    cdef Py_ssize_t size              # bytes that are unread
    cdef Py_ssize_t expected          # bytes that a reader waits for: a hint of how much room to make
    cdef unsigned long long taken     # bytes that have ever been taken out: says whether offsets still hold

    cdef const char *unread(self) noexcept
    cdef int append(self, const char *data, Py_ssize_t count) except -1
    cdef int append_bytes(self, bytes data) except -1
    cdef bytes take(self, Py_ssize_t count)
    cdef bytes take_all(self)
    cdef int drop(self, Py_ssize_t count) except -1
    cdef Py_ssize_t find(self, bytes wanted, Py_ssize_t offset, Py_ssize_t end) noexcept
    cdef int make_room(self, Py_ssize_t count) except -1
    cdef int move(self, Py_ssize_t capacity) except -1
    cdef int release(self) noexcept
