from ouroloop.kernel.sockets cimport iovec

cdef enum:
    IS_PIPE = 1       # a pipe or a FIFO
    IS_SOCKET = 2
    IS_CHARACTER = 4  # a terminal, /dev/null and the like

# Every function makes one or two system calls and returns their result, or the negated errno.
cdef Py_ssize_t read_some(int fd, void *buffer, size_t size) noexcept nogil
cdef Py_ssize_t write_one(int fd, const void *buffer, size_t size) noexcept nogil
cdef Py_ssize_t write_many(int fd, const iovec *parts, size_t count) noexcept nogil
# IS_PIPE, IS_SOCKET, IS_CHARACTER, or 0 for anything else.
cdef int kind_of_descriptor(int fd) noexcept nogil
cdef int set_non_blocking(int fd) noexcept nogil
# 1 for a descriptor that can only be written to, 0 for one that can be read from too.
cdef int is_write_only(int fd) noexcept nogil
# A second descriptor for the same pipe, closed on exec.
cdef int copy_descriptor(int fd) noexcept nogil
# 1 when the other end of a socket sends no more, 0 where it has sent bytes, or the negated errno.
cdef int is_at_end_of_stream(int fd) noexcept nogil
