from ouroloop.sync.queue_core cimport QueueCore

cdef class PriorityQueueCore(QueueCore):
    pass
