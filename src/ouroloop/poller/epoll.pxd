from ouroloop.poller.poller cimport Poller

cdef extern from "<sys/epoll.h>" nogil:
    ctypedef union epoll_data_t:
        unsigned long long u64
    cdef struct epoll_event:
        unsigned int events
        epoll_data_t data

cdef class EpollPoller(Poller):
    cdef int epoll_fd
    cdef epoll_event *found          # what the kernel fills
    cdef Py_ssize_t found_capacity
    cdef bint has_nanoseconds        # the kernel has epoll_pwait2

    cdef int control(self, int operation, int fd, int interest) noexcept
    cdef int ask(self, long long timeout_ns) noexcept
