from ouroloop.loop.handle cimport Runnable

cdef class Follower(Runnable):
    cdef object followed     # the future, of any make
    cdef object awaiting     # the task on whose behalf it follows, or None; call graphs show it

    cdef int follow(self, object future) except -1
    cdef int unfollow(self) except -1
