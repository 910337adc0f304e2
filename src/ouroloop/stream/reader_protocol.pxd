from ouroloop.stream.flow_control cimport FlowControlMixin

cdef class StreamReaderProtocol(FlowControlMixin):
    cdef object reader_reference      # weakref.ref of the reader, or None
    cdef public object _strong_reader  # keeps a server's reader until its connection is made
    cdef public object _client_connected_cb
    cdef public object _task          # what serves the connection, or None
    cdef public object _transport
    cdef public object _source_traceback
    cdef object close_waiter          # future of the connection's end; None until somebody asks
    cdef object close_error           # what the connection was lost by, or None
    cdef public bint _over_ssl
    cdef public bint _reject_connection

    cdef object reader(self)
    cdef int serve(self, object reader, object transport) except -1
    cdef int end_close_waiter(self) except -1
