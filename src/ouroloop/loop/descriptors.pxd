from ouroloop.loop.core cimport LoopCore, Watcher
from ouroloop.loop.handle cimport Handle

cdef class DescriptorWatcher(Watcher):
    cdef Handle reader   # queued when the descriptor can be read, or None
    cdef Handle writer   # queued when the descriptor can be written, or None

    cdef int interest(self) noexcept
