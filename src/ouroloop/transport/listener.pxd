from ouroloop.loop.core cimport LoopCore, Watcher

cdef class Listener(Watcher):
    cdef object loop
    cdef LoopCore core
    cdef readonly object sock        # the listening socket.socket
    cdef int fd                      # -1 once stopped
    cdef int family
    cdef int protocol_number
    cdef object protocol_factory
    cdef object server
    cdef object context              # contextvars.Context that the protocol factory runs in
    cdef object backlog              # connections that the kernel may hold for us, as the user says
    cdef int turn_size               # connections accepted in one turn, at most
    cdef bint is_queued              # stands in the ready queue
    cdef bint is_short               # the system was out of descriptors or memory, and it was said
    cdef object retry                # timer that watches again, or None

    cdef int accept(self) except -1
    cdef int back_off(self, object error) except -1
