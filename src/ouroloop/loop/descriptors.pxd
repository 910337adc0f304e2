from ouroloop.loop.core cimport LoopCore, Watcher
from ouroloop.loop.handle cimport Handle

cdef class DescriptorWatcher(Watcher):
    cdef Handle reader   # queued when the descriptor can be read, or None
    cdef Handle writer   # queued when the descriptor can be written, or None

    cdef object source   # the object that add_reader or add_writer was given, None for a number
    cdef object sock     # weakref.ref of the socket that its tasks read by turns, or None
    cdef int fd
    cdef int waits       # how often one of them has waited
    cdef bint lingers    # the kernel still watches for them, although nobody waits now
    cdef bint is_stream  # the socket carries no messages: a read that got less than it asked for has taken all
    cdef bint is_drained  # the last read took all that there was

    cdef int interest(self) noexcept
    cdef int stop_lingering(self, LoopCore core) except -1

# For who reads one socket again and again: as set_handle and remove_handle, but the kernel is not told each time.
cdef DescriptorWatcher watcher_of_socket(LoopCore core, int fd, object sock)
cdef int read_by_turns(LoopCore core, int fd, object sock, Handle handle) except -1
cdef int end_turn(LoopCore core, int fd, Handle handle) except -1
