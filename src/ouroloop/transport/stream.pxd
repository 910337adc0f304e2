from ouroloop.loop.core cimport LoopCore
from ouroloop.transport.endpoint cimport Endpoint
from ouroloop.transport.flow_control cimport FlowControl
from ouroloop.transport.native_protocol cimport NativeProtocol
from ouroloop.transport.write_queue cimport WriteQueue

cdef class StreamTransport(Endpoint):
    cdef object waiter                # future to complete once the connection is made, or None
    cdef WriteQueue queue
    cdef FlowControl flow
    cdef Py_ssize_t room              # bytes to make room for at the next read; 0 while reads are small
    cdef int pending                  # READABLE | WRITABLE that the poller has reported
    cdef int lost_count               # 0 while connected; then counts writes that go nowhere
    cdef bint is_queued               # stands in the ready queue
    cdef bint is_started              # connection_made was called
    cdef bint is_corked               # has queued bytes that no system call has tried yet
    cdef bint is_buffered             # the protocol is a BufferedProtocol
    cdef NativeProtocol native        # the protocol, where it takes what was read natively; else None
    cdef bint is_paused               # pause_reading
    cdef bint is_at_end               # the other end has sent its last byte
    cdef bint is_closed               # close() or abort() was called, or the connection failed
    cdef bint is_eof_written          # write_eof() was called
    cdef bint sends_file              # a file is being sent: only its sender may write
    cdef object file_waiter           # future of the file's sender, who waits for room, or None

    cdef int adopt(self, LoopCore core, int fd, object protocol, object context) except -1
    cdef int release(self) except -1
    cdef int begin(self) except -1
    cdef int read(self) except -1
    cdef int read_into_protocol(self) except -1
    cdef int read_natively(self) except -1
    cdef bytes read_large(self)
    cdef int nothing_read(self, Py_ssize_t count) except -1
    cdef int reached_end(self) except -1
    cdef int send_bytes(self, bytes data) except -1
    cdef int send_at_once(self, const char *data, Py_ssize_t size) except -1
    cdef int enqueue(self, object data) except -1
    cdef int send_soon(self) except -1
    cdef int flush(self) except -1
    cdef int after_flush(self) except -1
    cdef int update_interest(self) except -1
    cdef int pause_protocol_if_full(self) except -1
    cdef int resume_protocol_if_drained(self) except -1
    cdef int wake_file_sender(self, object error) except -1
    cdef str why_not(self, str method)
    cdef object send_now(self, object data)
    cdef Py_ssize_t note_sent(self, Py_ssize_t sent, Py_ssize_t size) except -1
    cdef int count_lost_write(self) except -1
