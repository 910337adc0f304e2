from ouroloop.poller.poller cimport Poller

cdef extern from "<poll.h>" nogil:
    cdef struct pollfd:
        int fd
        short events
        short revents

cdef class PollPoller(Poller):
    cdef pollfd *asked           # entry 0 is the pipe that wakes; the rest are in no order
    cdef Py_ssize_t asked_count
    cdef Py_ssize_t asked_capacity
    cdef pollfd *answered        # the copy that the kernel writes to
    cdef Py_ssize_t answered_capacity
    cdef int *places             # by descriptor: its entry in `asked`, 0 where it has none
    cdef Py_ssize_t places_capacity

    cdef pollfd *copy_asked(self) except NULL
    cdef int reserve(self, int fd) except -1
