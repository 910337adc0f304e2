"""System calls on pipes, FIFOs, sockets and character devices: whatever read(2) and write(2) serve without blocking.

The descriptor must be in non-blocking mode: these calls have no flag for it. Results are the call's own, or the negated
errno: who calls decides what an error means.
"""

from libc.errno cimport errno
from posix.fcntl cimport F_DUPFD_CLOEXEC, F_GETFL, F_SETFL, O_ACCMODE, O_NONBLOCK, O_WRONLY, fcntl
from posix.stat cimport S_ISCHR, S_ISFIFO, S_ISSOCK, fstat, struct_stat
from posix.unistd cimport read, write

from ouroloop.kernel.sockets cimport iovec

cdef extern from "<sys/uio.h>" nogil:
    ssize_t writev(int fd, const iovec *parts, int count)

cdef extern from "<sys/socket.h>" nogil:
    int MSG_DONTWAIT, MSG_PEEK
    ssize_t recv(int fd, void *buffer, size_t size, int flags)


cdef Py_ssize_t read_some(int fd, void *buffer, size_t size) noexcept nogil:
    cdef Py_ssize_t count = read(fd, buffer, size)
    return count if count >= 0 else -errno


cdef Py_ssize_t write_one(int fd, const void *buffer, size_t size) noexcept nogil:
    cdef Py_ssize_t count = write(fd, buffer, size)
    return count if count >= 0 else -errno


cdef Py_ssize_t write_many(int fd, const iovec *parts, size_t count) noexcept nogil:
    cdef Py_ssize_t written = writev(fd, parts, <int>count)
    return written if written >= 0 else -errno


cdef int kind_of_descriptor(int fd) noexcept nogil:
    cdef struct_stat status
    if fstat(fd, &status) < 0:
        return -errno
    if S_ISFIFO(status.st_mode):
        return IS_PIPE
    if S_ISSOCK(status.st_mode):
        return IS_SOCKET
    if S_ISCHR(status.st_mode):
        return IS_CHARACTER
    return 0


cdef int set_non_blocking(int fd) noexcept nogil:
    cdef int flags = fcntl(fd, F_GETFL)
    if flags < 0:
        return -errno
    if flags & O_NONBLOCK:
        return 0
    return 0 if fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 else -errno


cdef int is_write_only(int fd) noexcept nogil:
    cdef int flags = fcntl(fd, F_GETFL)
    return flags & O_ACCMODE == O_WRONLY if flags >= 0 else -errno


cdef int copy_descriptor(int fd) noexcept nogil:
    cdef int copied = fcntl(fd, F_DUPFD_CLOEXEC, 0)
    return copied if copied >= 0 else -errno


cdef int is_at_end_of_stream(int fd) noexcept nogil:
    cdef char byte
    cdef Py_ssize_t count = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT)
    return -errno if count < 0 else count == 0
