from ouroloop.stream.flow_control cimport DrainOperation, FlowControlMixin
from ouroloop.stream.incoming cimport Incoming
from ouroloop.transport.stream cimport StreamTransport

cdef class StreamWriter:
    cdef object given_transport
    cdef object given_protocol
    cdef object given_reader          # StreamReader or None: its exception is drain's too
    cdef StreamTransport transport_core  # the transport, where it is our own; else None
    cdef FlowControlMixin flow        # the protocol, where its flow control is ours and nothing overrides it; else None
    cdef Incoming incoming            # the reader, where it is our own; else None
    cdef public object _loop
    cdef dict __dict__
    cdef object __weakref__

    cdef bint is_surely_open(self, FlowControlMixin flow) noexcept

cdef class Drain(DrainOperation):
    cdef StreamWriter writer          # None once the connection was looked at

    cdef int check_reader(self, StreamWriter writer) except -1

cdef StreamWriter new_writer(object transport, object protocol, object reader, object loop)
