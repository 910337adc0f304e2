"""Readiness by epoll(7), level-triggered.

The kernel keeps with each descriptor its number and its use (see `Poller`), so an event needs no look-up. Sleeps are
exact to the nanosecond where the kernel has epoll_pwait2(2) (Linux 5.11); before that they are rounded up to the
millisecond, so that a timer is never early.
"""

from libc.errno cimport EBADF, EEXIST, EINTR, ENOENT, ENOSYS, EPERM, errno
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport free, realloc
from posix.time cimport timespec
from posix.unistd cimport close

from ouroloop.kernel.errors cimport os_error
from ouroloop.poller.poller cimport READABLE, WRITABLE, Poller

import os

cdef extern from "<sys/epoll.h>" nogil:
    unsigned int EPOLLIN, EPOLLOUT
    int EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, EPOLL_CLOEXEC
    int epoll_create1(int flags)
    int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event *event)
    int epoll_wait(int epoll_fd, epoll_event *events, int count, int timeout_ms)

cdef extern from *:
    """
    #include <sys/syscall.h>
    #include <unistd.h>
    #ifndef SYS_epoll_pwait2
    #define SYS_epoll_pwait2 441
    #endif
    static int ouroloop_epoll_pwait2(int fd, struct epoll_event *events, int count, const struct timespec *timeout) {
        return (int)syscall(SYS_epoll_pwait2, fd, events, count, timeout, NULL, 0);
    }
    """
    int ouroloop_epoll_pwait2(int fd, epoll_event *events, int count, const timespec *timeout) nogil


cdef class EpollPoller(Poller):
    """Watches descriptors with one epoll instance."""

    def __cinit__(self):
        self.has_nanoseconds = True
        self.epoll_fd = epoll_create1(EPOLL_CLOEXEC)
        if self.epoll_fd < 0:
            raise os_error(errno)
        if self.control(EPOLL_CTL_ADD, self.wake_reader, READABLE) < 0:
            raise os_error(errno)

    def __dealloc__(self):
        if self.epoll_fd > 0:
            close(self.epoll_fd)
        free(self.found)

    def close(self):
        if not self.is_closed:
            os.close(self.epoll_fd)
            self.epoll_fd = -1
        Poller.close(self)

    cdef int control(self, int operation, int fd, int interest) noexcept:
        cdef epoll_event event
        event.events = (EPOLLIN if interest & READABLE else 0) | (EPOLLOUT if interest & WRITABLE else 0)
        cdef uint32_t use = self.uses[fd] if fd < self.capacity else 0
        event.data.u64 = (<unsigned long long>use << 32) | <unsigned int>fd
        return epoll_ctl(self.epoll_fd, operation, fd, &event)

    cdef int apply(self, int fd, int before, int after) except -1:
        if after == 0:
            # Whatever it answers, nobody here waits any more: a descriptor that was closed first has left epoll by
            # itself, and one that has not will when it is closed.
            self.control(EPOLL_CTL_DEL, fd, 0)
            return 0
        if self.control(EPOLL_CTL_MOD if before else EPOLL_CTL_ADD, fd, after) == 0:
            return 0
        # The number was closed and given out again behind our back, or a copy of the old descriptor still lives.
        if errno == ENOENT and before and self.control(EPOLL_CTL_ADD, fd, after) == 0:
            return 0
        if errno == EEXIST and not before and self.control(EPOLL_CTL_MOD, fd, after) == 0:
            return 0
        # Closed before it was unwatched: there is nothing left to change.
        if errno == EBADF and before & after == after:
            return 0
        raise os_error(errno)

    cdef bint unregister(self, int fd) noexcept:
        """False: the kernel does not know the number, so what it reports cannot be taken back by it."""
        return self.control(EPOLL_CTL_DEL, fd, 0) == 0

    cdef int renew(self) except -1:
        cdef int fd
        cdef int before = self.epoll_fd
        cdef int renewed = epoll_create1(EPOLL_CLOEXEC)
        if renewed < 0:
            # No descriptor is left. The event comes again, and so does the attempt.
            return 0
        self.epoll_fd = renewed
        self.control(EPOLL_CTL_ADD, self.wake_reader, READABLE)
        for fd in range(<int>self.capacity):
            # A number that was closed meanwhile is refused, and needs nothing.
            if self.interest[fd]:
                self.control(EPOLL_CTL_ADD, fd, self.interest[fd])
        close(before)
        return 0

    cdef int ask(self, long long timeout_ns) noexcept:
        cdef timespec timeout
        cdef int count
        cdef int room = <int>self.found_capacity
        if self.has_nanoseconds and timeout_ns > 0:
            timeout.tv_sec = timeout_ns // 1000000000
            timeout.tv_nsec = timeout_ns % 1000000000
            with nogil:
                count = ouroloop_epoll_pwait2(self.epoll_fd, self.found, room, &timeout)
            if count >= 0 or (errno != ENOSYS and errno != EPERM):
                return count
            self.has_nanoseconds = False
        cdef int timeout_ms = -1
        if timeout_ns >= 0:
            timeout_ms = <int>min((timeout_ns + 999999) // 1000000, 86400000)
        with nogil:
            count = epoll_wait(self.epoll_fd, self.found, room, timeout_ms)
        return count

    cdef Py_ssize_t sleep(self, int64_t timeout_ns) except -1:
        cdef Py_ssize_t wanted = self.watched + 1 if self.watched < 4096 else 4096
        cdef epoll_event *found
        if self.found_capacity < wanted:
            wanted = max(64, wanted * 2)
            found = <epoll_event *>realloc(self.found, wanted * sizeof(epoll_event))
            if found == NULL:
                raise MemoryError()
            self.found = found
            self.found_capacity = wanted
        cdef int count = self.ask(timeout_ns)
        if count < 0:
            if errno == EINTR:
                return 0
            raise os_error(errno)
        while self.ready_capacity < count:
            self.grow_ready()
        cdef Py_ssize_t filled = 0
        cdef int index, events, fd
        cdef unsigned int bits
        for index in range(count):
            # A literal mask of 32 bits would be a Python integer; the cast cuts the use off.
            fd = <int><unsigned int>self.found[index].data.u64
            if fd == self.wake_reader:
                self.drain()
                continue
            bits = self.found[index].events
            # A hang-up or an error wakes readers and writers alike: the next read or write must meet it.
            events = 0
            if bits & ~EPOLLOUT:
                events |= READABLE
            if bits & ~EPOLLIN:
                events |= WRITABLE
            self.ready[filled].fd = fd
            self.ready[filled].use = <uint32_t>(self.found[index].data.u64 >> 32)
            self.ready[filled].events = events
            filled += 1
        return filled
