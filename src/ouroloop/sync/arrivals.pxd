from ouroloop.task.follower cimport Follower

cdef class Arrivals:
    cdef list followers
    cdef object waiter         # the future that is completed when enough are done
    cdef Py_ssize_t pending
    cdef bint first            # one that is done is enough
    cdef bint first_error      # and so is one that failed

    cdef int arrived(self, object future) except -1

cdef class Arrival(Follower):
    cdef Arrivals arrivals
