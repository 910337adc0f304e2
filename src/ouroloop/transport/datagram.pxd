from ouroloop.kernel.sockets cimport sockaddr_storage, socklen_t
from ouroloop.loop.core cimport LoopCore
from ouroloop.transport.endpoint cimport Endpoint
from ouroloop.transport.flow_control cimport FlowControl

cdef class DatagramTransport(Endpoint):
    cdef object address               # the one receiver of everything that is sent, or None
    cdef object waiter                # future to complete once connection_made was called, or None
    cdef object queue                 # deque of (bytes, receiver) that wait to be sent, oldest first
    cdef Py_ssize_t queue_size        # bytes that wait, with HEADER_SIZE for each datagram
    cdef FlowControl flow
    cdef object retry                 # timer that sends again, or None
    cdef object last_sender           # address as Python writes it, None before the first datagram
    cdef sockaddr_storage last_raw    # the same as the kernel writes it
    cdef socklen_t last_raw_size
    cdef int pending                  # READABLE | WRITABLE that the poller has reported
    cdef int lost_count               # 0 while datagrams go out; then counts those that go nowhere
    cdef bint is_queued               # stands in the ready queue
    cdef bint is_started              # connection_made was called
    cdef bint is_closed               # close() or abort() was called, or the endpoint failed
    cdef bint is_paused               # nothing is received meanwhile
    cdef bint is_connected            # the kernel knows the one receiver
    cdef bint is_native               # addresses of this family are read and written here

    cdef int begin(self) except -1
    cdef int receive(self) except -1
    cdef Py_ssize_t receive_natively(self, LoopCore core) except? -1
    cdef Py_ssize_t receive_through_socket(self) except? -1
    cdef int deliver(self, bytes data, object sender) except -1
    cdef object sender_of(self, sockaddr_storage *address, socklen_t size)
    cdef int refuse(self, int number) except -1
    cdef bint send(self, object data, object receiver) except -1
    cdef Py_ssize_t send_natively(self, object data, object receiver) except? -1
    cdef int enqueue(self, bytes data, object receiver) except -1
    cdef int flush(self) except -1
    cdef int back_off(self) except -1
    cdef int update_interest(self) except -1
    cdef int pause_protocol_if_full(self) except -1
