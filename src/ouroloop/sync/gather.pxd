from ouroloop.task.follower cimport Follower
from ouroloop.task.future cimport Future

cdef class _GatheringFuture(Future):
    cdef list children            # the futures, one for each argument; None once it is done
    cdef Py_ssize_t pending       # different futures that have yet to end
    cdef bint returns_exceptions
    cdef bint cancel_requested    # a child was cancelled through it

    cdef int child_done(self, object child) except -1
    cdef int finish_all(self) except -1
    cdef int give_up(self, object error) except -1
    cdef int let_go_of_survivors(self) except -1

cdef class GatheredChild(Follower):
    cdef _GatheringFuture gathering
