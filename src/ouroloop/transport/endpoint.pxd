from ouroloop.loop.core cimport LoopCore, Watcher

cdef class Endpoint(Watcher):
    cdef readonly object _loop
    cdef LoopCore core
    cdef int fd                       # -1 once closed
    cdef object sock                  # socket.socket that owns the descriptor; None until somebody asks for it
    cdef int family
    cdef int protocol_number          # of the socket, for `sock`
    cdef bytes raw_local              # sockaddr of this end, or None
    cdef bytes raw_peer               # sockaddr of the other end, or None
    cdef dict extra                   # what get_extra_info has been asked for
    cdef object protocol
    cdef object context               # contextvars.Context that every callback of the protocol runs in
    cdef object server                # told when the connection is made and lost, or None
    cdef dict __dict__                # what users keep on a transport, or replace for a test
    cdef object __weakref__

    cdef int own_descriptor(self, LoopCore core, int fd, object context) except -1
    cdef int check_protocol(self, object protocol) except -1
    cdef int release(self) except -1
    cdef object socket_object(self)
    cdef int tell_protocol(self, str method) except -1
    cdef int report(self, object error, str method, tuple args) except -1
    cdef int fail(self, object error, str message) except -1
    cdef int force_close(self, object error) except -1
    cdef int lose(self, object error) except -1
