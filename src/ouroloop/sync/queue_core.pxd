from ouroloop.sync.event_core cimport EventCore
from ouroloop.sync.loop_bound cimport LoopBound
from ouroloop.sync.waiting cimport Waiting

cdef class QueueCore(LoopBound):
    cdef object maximum                      # as it was given
    cdef Py_ssize_t limit                    # `maximum` where it is an int; 0: unlimited, -1: ask `maximum`
    cdef object items                        # what `_init` has set as `_queue`; UNSET before
    cdef object getters                      # deque of futures; None before the first
    cdef object putters                      # deque of futures; None before the first
    cdef public Py_ssize_t _unfinished_tasks  # items put, less those reported done
    cdef EventCore finished                  # set while there is no unfinished task; None until somebody asks
    cdef bint is_finished                    # the same, while there is no event
    cdef public bint _is_shutdown

    # How this kind of queue keeps its items.
    cdef int start_items(self) except -1
    cdef int put_item(self, object item) except -1
    cdef object get_item(self)

    cdef int set_maximum(self, object value) except -1
    cdef int finish(self) except -1
    cdef int ask_items(self) except -1
    cdef bint is_empty(self) except -1
    cdef bint is_full(self) except -1
    cdef int put_now(self, object item) except -1
    cdef object get_now(self)
    cdef int wake_next(self, object line) except -1

cdef class LifoQueueCore(QueueCore):
    pass

cdef class PutItem(Waiting):
    cdef QueueCore queue
    cdef object item

cdef class GetItem(Waiting):
    cdef QueueCore queue

cdef class JoinQueue(Waiting):
    cdef QueueCore queue
