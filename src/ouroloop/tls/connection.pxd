from ouroloop.loop.core cimport LoopCore, Watcher
from ouroloop.tls.machine cimport TlsMachine
from ouroloop.tls.record_buffers cimport RecordBuffers
from ouroloop.transport.flow_control cimport FlowControl
from ouroloop.transport.native_protocol cimport NativeProtocol
from ouroloop.transport.stream cimport StreamTransport
from ouroloop.transport.write_queue cimport WriteQueue

cdef class TlsConnection(Watcher):
    cdef readonly object _loop
    cdef LoopCore core
    cdef TlsMachine machine
    cdef RecordBuffers buffers        # shared with every TLS connection of the loop
    cdef object context               # contextvars.Context that every callback of the protocol runs in
    cdef object protocol              # None once the connection is lost
    cdef NativeProtocol native        # the protocol, where it takes what was read natively; else None
    cdef object wire                  # the lower transport's protocol; None once the connection is lost
    cdef object lower                 # the transport below; None until it is connected
    cdef StreamTransport stream       # the same, where it is one of ours; else None
    cdef object server                # told when the connection is made and lost, or None
    cdef object waiter                # future to complete once the handshake is over, or None
    cdef object failure               # why the connection ends, while the peer's alert waits to be sent; else None
    cdef object timer                 # that ends a handshake or a shutdown, or None
    cdef object handshake_timeout     # seconds
    cdef object shutdown_timeout      # seconds
    cdef double handshake_started     # on the loop's clock, in debug mode
    cdef Py_ssize_t unsent_last       # bytes that waited when the shutdown's timer was last looked at
    cdef Py_ssize_t read_high_water   # bytes unread while paused, at which the lower transport is paused
    cdef Py_ssize_t read_low_water    # bytes of it at which that is resumed
    cdef WriteQueue queue             # plain text that is not encrypted yet
    cdef FlowControl flow             # when the protocol is told to pause writing
    cdef int lost_count               # writes that went nowhere
    cdef bint is_made                 # the protocol has a connection: connection_made was called, or start_tls
    cdef bint is_ready                # the handshake is over
    cdef bint is_buffered             # the protocol is a BufferedProtocol
    cdef bint is_calling              # inside the protocol's callback: writes wait for its end
    cdef bint is_corked               # has queued bytes that wait for the end of a callback
    cdef bint is_flushing             # inside flush()
    cdef bint is_paused               # pause_reading
    cdef bint is_lower_paused         # we have paused the lower transport
    cdef bint is_blocked              # the lower transport takes no more
    cdef bint is_eof_told             # eof_received was called
    cdef bint is_stream_ended         # the stream below has ended
    cdef bint is_closed               # close() or abort() was called, the peer has closed, or the connection failed
    cdef bint is_lower_closed         # we have closed the lower transport
    cdef bint is_accepted             # by a server: nobody waits for its handshake

    # What the lower transport tells
    cdef int connected(self, object lower) except -1
    cdef int received(self, const char *data, Py_ssize_t count) except -1
    cdef int stream_ended(self) except -1
    cdef int block(self) except -1
    cdef int unblock(self) except -1
    cdef int lost(self, object error) except -1

    # Inside
    cdef int shake(self) except -1
    cdef int made(self) except -1
    cdef int process(self) except -1
    cdef int read_records(self) except -1
    cdef int fill_protocol(self) except -1
    cdef bint wants_object(self) except -1
    cdef int read_object(self) except -1
    cdef int hand_over(self, Py_ssize_t count) except -1
    cdef int hand_over_object(self, bytes data) except -1
    cdef int take_unread(self) except -1
    cdef int after_calls(self) except -1
    cdef int control_reading(self) except -1
    cdef int tell_eof(self) except -1
    cdef int send_soon(self) except -1
    cdef int flush(self) except -1
    cdef int encrypt_queued(self) except -1
    cdef int encrypt_chunks(self) except -1
    cdef bytes next_chunk(self, Py_ssize_t *place)
    cdef int pass_outgoing(self) except -1
    cdef int control_writing(self) except -1
    cdef int tell_protocol(self, str method) except -1
    cdef int finish(self) except -1
    cdef int force_close(self, object error) except -1
    cdef int close_lower(self) except -1
    cdef int drop_lower(self, object error) except -1
    cdef Py_ssize_t unsent(self) except -1
    cdef int limit_shutdown(self) except -1
    cdef int limit(self, object seconds, object callback) except -1
    cdef int lift_limit(self) except -1
    cdef int wake(self, object error) except -1
    cdef int end_because_of(self, object error) except -1
    cdef int fatal(self, object error, str message) except -1
