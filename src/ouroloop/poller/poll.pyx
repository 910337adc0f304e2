"""Readiness by poll(2): the portable POSIX call, for systems without epoll.

The kernel is told everything at each sleep, so the cost grows with the number of descriptors watched. A descriptor
that was closed while watched is reported as ready for what it was watched for, so its owner meets the error.
"""

from libc.errno cimport EBADF, EINTR, errno
from libc.stdint cimport int64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset
from posix.fcntl cimport F_GETFD, fcntl

from ouroloop.kernel.errors cimport os_error
from ouroloop.poller.poller cimport READABLE, WRITABLE, Poller

cdef extern from "<poll.h>" nogil:
    short POLLIN, POLLOUT
    int poll(pollfd *asked, unsigned long count, int timeout_ms)


cdef class PollPoller(Poller):
    """Watches descriptors with poll(2)."""

    def __cinit__(self):
        self.reserve(self.wake_reader)
        self.asked[0].fd = self.wake_reader
        self.asked[0].events = POLLIN
        self.asked_count = 1

    def __dealloc__(self):
        free(self.asked)
        free(self.answered)
        free(self.places)

    cdef int reserve(self, int fd) except -1:
        """Makes room for one more entry, and for the place of `fd`."""
        cdef pollfd *asked
        cdef int *places
        cdef Py_ssize_t capacity
        if self.asked_count == self.asked_capacity:
            capacity = max(64, self.asked_capacity * 2)
            asked = <pollfd *>realloc(self.asked, capacity * sizeof(pollfd))
            if asked == NULL:
                raise MemoryError()
            self.asked = asked
            self.asked_capacity = capacity
        if fd >= self.places_capacity:
            capacity = max(64, self.places_capacity)
            while capacity <= fd:
                capacity *= 2
            places = <int *>realloc(self.places, capacity * sizeof(int))
            if places == NULL:
                raise MemoryError()
            memset(places + self.places_capacity, 0, (capacity - self.places_capacity) * sizeof(int))
            self.places = places
            self.places_capacity = capacity
        return 0

    cdef pollfd *copy_asked(self) except NULL:
        cdef pollfd *answered
        if self.answered_capacity < self.asked_capacity:
            answered = <pollfd *>realloc(self.answered, self.asked_capacity * sizeof(pollfd))
            if answered == NULL:
                raise MemoryError()
            self.answered = answered
            self.answered_capacity = self.asked_capacity
        memcpy(self.answered, self.asked, self.asked_count * sizeof(pollfd))
        return self.answered

    cdef int apply(self, int fd, int before, int after) except -1:
        cdef Py_ssize_t place, last
        if after == 0:
            place = self.places[fd]
            last = self.asked_count - 1
            if place != last:
                self.asked[place] = self.asked[last]
                self.places[self.asked[place].fd] = <int>place
            self.places[fd] = 0
            self.asked_count = last
            return 0
        if not before:
            # poll(2) would report a bad descriptor at each sleep; epoll refuses it at once, and so does this.
            if fcntl(fd, F_GETFD) < 0:
                raise os_error(EBADF)
            self.reserve(fd)
            self.places[fd] = <int>self.asked_count
            self.asked[self.asked_count].fd = fd
            self.asked_count += 1
        place = self.places[fd]
        self.asked[place].events = (POLLIN if after & READABLE else 0) | (POLLOUT if after & WRITABLE else 0)
        return 0

    cdef bint unregister(self, int fd) noexcept:
        self.apply(fd, READABLE, 0)
        return True

    cdef Py_ssize_t sleep(self, int64_t timeout_ns) except -1:
        cdef int timeout_ms = -1
        cdef int count
        if timeout_ns >= 0:
            timeout_ms = <int>min((timeout_ns + 999999) // 1000000, 86400000)
        # A copy, because a thread that misuses the loop may make `asked` move while the GIL is free.
        cdef unsigned long asked_count = self.asked_count
        cdef pollfd *asked = self.copy_asked()
        with nogil:
            count = poll(asked, asked_count, timeout_ms)
        if count < 0:
            if errno == EINTR:
                return 0
            raise os_error(errno)
        while self.ready_capacity < count:
            self.grow_ready()
        cdef Py_ssize_t filled = 0
        cdef Py_ssize_t index
        cdef int bits, events
        for index in range(<Py_ssize_t>asked_count):
            bits = asked[index].revents
            if bits == 0:
                continue
            if index == 0:
                self.drain()
                continue
            events = 0
            if bits & ~POLLOUT:
                events |= READABLE
            if bits & ~POLLIN:
                events |= WRITABLE
            self.ready[filled].fd = asked[index].fd
            self.ready[filled].use = self.uses[asked[index].fd]
            self.ready[filled].events = events
            filled += 1
        return filled
