from ouroloop.kernel.sockets cimport iovec

cdef class WriteQueue:
    cdef list parts            # bytes objects, oldest first; None past `count`
    cdef Py_ssize_t count      # of them
    cdef Py_ssize_t offset     # bytes of parts[0] that are sent already
    cdef Py_ssize_t size       # bytes that are left to send

    cdef int push(self, bytes data) except -1
    cdef Py_ssize_t send(self, int fd) except? -1
    # The system call, for sockets here; what is no socket overrides both. They return its result or the negated errno.
    cdef Py_ssize_t give_one(self, int fd, const void *buffer, size_t size) noexcept
    cdef Py_ssize_t give_many(self, int fd, iovec *parts, size_t count) noexcept
    cdef int consume(self, Py_ssize_t count) except -1
    cdef int clear(self) except -1
