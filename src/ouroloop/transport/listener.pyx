"""A listening socket that accepts connections and makes a transport of each.

One turn accepts up to `backlog` connections. When the system is out of descriptors or memory, the listener says so
once, stops watching for `RETRY_SECONDS`, and tries again until nobody waits; the connections wait in the kernel.
"""

from asyncio.trsock import TransportSocket

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.errno cimport EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM

from ouroloop.kernel.errors cimport os_error
from ouroloop.kernel.sockets cimport accept_one, close_descriptor, sockaddr_storage, socklen_t
from ouroloop.loop.core cimport LoopCore, Watcher
from ouroloop.poller.poller cimport READABLE
from ouroloop.transport.stream cimport StreamTransport

cdef extern from "Python.h":
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
    object PyContext_CopyCurrent()

cdef double RETRY_SECONDS = 1.0


cdef class Listener(Watcher):
    """Listener(loop, sock, protocol_factory, server, backlog)
--

    Accepts connections on a bound stream socket.

    sock: a bound, non-blocking `socket.socket`, which the listener owns. protocol_factory: called for each connection.
    server: told of each connection. backlog: connections that the kernel may hold for us.
    """

    def __cinit__(self):
        self.fd = -1

    def __init__(self, LoopCore loop not None, sock, protocol_factory, server, backlog):
        self.loop = loop
        self.core = loop
        self.sock = sock
        self.fd = sock.fileno()
        self.family = sock.family
        self.protocol_number = sock.proto
        self.protocol_factory = protocol_factory
        self.server = server
        self.backlog = backlog

    def start(self):
        """Listens, and accepts from the next iteration on."""
        self.context = PyContext_CopyCurrent()
        # Refuses what is no number, in the standard library's words.
        self.sock.listen(self.backlog)
        self.turn_size = max(1, self.backlog)
        self.core.watch(self.fd, READABLE, self)

    def stop(self):
        """Accepts no more and closes the listening socket. Connections that were accepted go on."""
        if self.fd < 0:
            return
        if self.retry is not None:
            self.retry.cancel()
            self.retry = None
        if not self.core.closed:
            self.core.watch(self.fd, 0, self)
        self.fd = -1
        self.sock.close()

    def _watch_again(self):
        self.retry = None
        if self.fd < 0:
            return
        try:
            self.core.watch(self.fd, READABLE, self)
        except OSError as error:
            self.back_off(error)

    cdef int notify(self, int events, LoopCore core) except -1:
        if not self.is_queued:
            self.is_queued = True
            core.push(self)
        return 0

    cdef int run(self) except -1:
        self.is_queued = False
        PyContext_Enter(self.context)
        try:
            self.accept()
        finally:
            PyContext_Exit(self.context)
        return 0

    cdef int accept(self) except -1:
        cdef sockaddr_storage peer
        cdef socklen_t size
        cdef int accepted
        cdef int left = self.turn_size
        cdef object protocol
        while left > 0 and self.fd >= 0:
            left -= 1
            accepted = accept_one(self.fd, &peer, &size)
            if accepted < 0:
                accepted = -accepted
                if accepted == EAGAIN:
                    self.is_short = False  # nobody waits any more, so the shortage is over
                    return 0
                if accepted == EINTR or accepted == ECONNABORTED:
                    return 0
                if accepted == EMFILE or accepted == ENFILE or accepted == ENOBUFS or accepted == ENOMEM:
                    return self.back_off(os_error(accepted))
                raise os_error(accepted)
            try:
                protocol = self.protocol_factory()
            except BaseException as error:
                close_descriptor(accepted)
                if isinstance(error, (SystemExit, KeyboardInterrupt)):
                    raise
                self.loop.call_exception_handler(
                    {"message": "Error on transport creation for incoming connection", "exception": error}
                )
                continue
            accepted_transport(
                self.core,
                accepted,
                protocol,
                PyContext_CopyCurrent(),
                self.server,
                PyBytes_FromStringAndSize(<char *>&peer, size),
                self.family,
                self.protocol_number,
            )
        return 0

    cdef int back_off(self, object error) except -1:
        """Stops accepting for a while; says why, once until an accept succeeds."""
        self.core.watch(self.fd, 0, self)
        self.retry = self.loop.call_later(RETRY_SECONDS, self._watch_again)
        if self.is_short:
            return 0
        self.is_short = True
        self.loop.call_exception_handler(
            {
                "message": "socket.accept() out of system resource",
                "exception": error,
                "socket": TransportSocket(self.sock),
            }
        )
        return 0


cdef StreamTransport accepted_transport(
    LoopCore core,
    int fd,
    object protocol,
    object context,
    object server,
    bytes raw_peer,
    int family,
    int protocol_number,
):
    """The transport of a connection that a listener has accepted; it owns `fd`."""
    cdef StreamTransport transport = StreamTransport.__new__(StreamTransport)
    transport.family = family
    transport.protocol_number = protocol_number
    transport.server = server
    transport.raw_peer = raw_peer
    transport.adopt(core, fd, protocol, context)
    return transport
