from ouroloop.stream.flow_control cimport DrainOperation

cdef class StreamWriter:
    cdef public object _transport
    cdef public object _protocol
    cdef public object _reader        # StreamReader or None: its exception is drain's too
    cdef public object _loop
    cdef bint drains_natively         # the protocol's flow control is ours, and nothing overrides it
    cdef dict __dict__
    cdef object __weakref__

    cdef bint is_transport_closing(self) except -1

cdef class Drain(DrainOperation):
    cdef StreamWriter writer
    cdef bint is_checked              # the connection was looked at

    cdef int check_reader(self) except -1

cdef StreamWriter new_writer(object transport, object protocol, object reader, object loop)
