from ouroloop.loop.core cimport LoopCore

cdef LoopCore core_of(object loop)
cdef object new_waiter(object loop, LoopCore core)
