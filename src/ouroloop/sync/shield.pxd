from ouroloop.task.follower cimport Follower

cdef class ShieldedEnd(Follower):
    cdef object outer          # the future that can be cancelled in place of the followed one

cdef class ShieldEnd(Follower):
    cdef ShieldedEnd shielded
