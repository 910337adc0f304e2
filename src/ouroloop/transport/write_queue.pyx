"""Bytes that wait to be sent, in order, each sent once.

Holds immutable `bytes` only: a caller's mutable buffer is copied before it gets here. Its bound is the transport's
high-water mark, past which the protocol is told to pause. A stream transport owns one.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from ouroloop.kernel.sockets cimport iovec, send_many, send_one

cdef enum:
    PARTS_AT_ONCE = 64  # buffers that one system call is given; the system's own limit is 1024


cdef class WriteQueue:
    """Bytes that wait to be sent."""

    def __cinit__(self):
        self.parts = []

    cdef int push(self, bytes data) except -1:
        # A place is used again: emptied lists give their memory back, and most queues hold one part at a time.
        if self.count < len(self.parts):
            self.parts[self.count] = data
        else:
            self.parts.append(data)
        self.count += 1
        self.size += PyBytes_GET_SIZE(data)
        return 0

    cdef Py_ssize_t send(self, int fd) except? -1:
        """Sends what one system call takes. Returns how many bytes went, or the negated errno."""
        cdef iovec vectors[PARTS_AT_ONCE]
        cdef Py_ssize_t count = min(self.count, <Py_ssize_t>PARTS_AT_ONCE)
        cdef Py_ssize_t sent, index
        cdef bytes part = <bytes>self.parts[0]
        if count == 1:
            sent = self.give_one(fd, PyBytes_AS_STRING(part) + self.offset, PyBytes_GET_SIZE(part) - self.offset)
        else:
            for index in range(count):
                part = <bytes>self.parts[index]
                vectors[index].iov_base = PyBytes_AS_STRING(part)
                vectors[index].iov_len = PyBytes_GET_SIZE(part)
            vectors[0].iov_base = <char *>vectors[0].iov_base + self.offset
            vectors[0].iov_len -= self.offset
            sent = self.give_many(fd, vectors, count)
        if sent > 0:
            self.consume(sent)
        return sent

    cdef Py_ssize_t give_one(self, int fd, const void *buffer, size_t size) noexcept:
        return send_one(fd, buffer, size)

    cdef Py_ssize_t give_many(self, int fd, iovec *parts, size_t count) noexcept:
        return send_many(fd, parts, count)

    cdef int consume(self, Py_ssize_t count) except -1:
        """Drops the first `count` bytes."""
        cdef Py_ssize_t done = 0
        cdef Py_ssize_t left
        self.size -= count
        if self.size == 0:
            return self.clear()
        while count > 0:
            left = PyBytes_GET_SIZE(<bytes>self.parts[done]) - self.offset
            if count < left:
                self.offset += count
                break
            count -= left
            self.offset = 0
            done += 1
        del self.parts[:done]
        self.count -= done
        return 0

    cdef int clear(self) except -1:
        if self.count == 1 and len(self.parts) == 1:
            self.parts[0] = None
        else:
            self.parts.clear()
        self.count = 0
        self.offset = 0
        self.size = 0
        return 0
