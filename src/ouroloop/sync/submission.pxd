from ouroloop.task.follower cimport Follower

cdef class Submission(Follower):
    cdef object coro         # None once it runs as a task
    cdef object loop
    cdef object future       # the SubmittedFuture of the thread that waits
