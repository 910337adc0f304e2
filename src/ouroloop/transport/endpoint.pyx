"""What every transport over a socket has: the descriptor that it owns, the addresses, the protocol that it calls.

A descriptor is closed once, after it has left the poller. The `socket.socket` that users see is made when they first
ask, and owns the descriptor from then on. Addresses are read when the connection is made, and kept as the kernel wrote
them until somebody asks. `connection_lost` is called once, last, from the ready queue.
"""

import logging
import socket
import warnings
from asyncio.trsock import TransportSocket

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.ref cimport PyObject

from ouroloop.kernel.errors cimport raise_again, take_raised
from ouroloop.kernel.sockets cimport (
    close_descriptor,
    local_address,
    peer_address,
    python_address,
    sockaddr_storage,
    socklen_t,
)
from ouroloop.loop.core cimport LoopCore, Watcher
from ouroloop.loop.handle cimport new_handle
from ouroloop.loop.late_dictionary cimport without_dictionary

from ouroloop.loop.describe import describe_callback

cdef extern from "Python.h":
    PyObject *PyObject_CallMethodNoArgs(object of, object name)
    void Py_DECREF(PyObject *owned)

cdef tuple ENDS_THE_LOOP = (SystemExit, KeyboardInterrupt)
cdef object logger = logging.getLogger("asyncio")


cdef class Endpoint(Watcher):
    """One end of a connection: a descriptor, its addresses, and the protocol that hears of it."""

    def __cinit__(self):
        without_dictionary(self)
        self.fd = -1

    def __del__(self):
        if self.fd >= 0:
            warnings.warn(f"unclosed transport {self!r}", ResourceWarning, source=self)
            self.release()

    cdef int own_descriptor(self, LoopCore core, int fd, object context) except -1:
        """Takes over an open descriptor, and reads its addresses while they are there."""
        cdef sockaddr_storage address
        cdef socklen_t size
        core.check_open()
        self._loop = core
        self.core = core
        self.fd = fd
        self.context = context
        if local_address(fd, &address, &size) == 0:
            self.raw_local = PyBytes_FromStringAndSize(<char *>&address, size)
        if self.raw_peer is None and peer_address(fd, &address, &size) == 0:
            self.raw_peer = PyBytes_FromStringAndSize(<char *>&address, size)
        return core.own(fd, self)

    cdef int check_protocol(self, object protocol) except -1:
        """Raises AttributeError for what is no protocol, so that who makes a transport hears of it."""
        getattr(protocol, "connection_made")
        return 0

    def get_protocol(self):
        """The protocol; None once the connection is lost."""
        return self.protocol

    def get_extra_info(self, name, default=None):
        """"socket", "sockname" or "peername" of the connection; `default` for what there is not."""
        if self.extra is None:
            self.extra = {}
        if name not in self.extra:
            value = None
            if name == "socket" and self.fd >= 0:
                value = TransportSocket(self.socket_object())
            elif name == "sockname":
                value = address_of(self.raw_local)
            elif name == "peername":
                value = address_of(self.raw_peer)
            if value is None:
                return default
            self.extra[name] = value
        return self.extra[name]

    cdef int tell_protocol(self, str method) except -1:
        cdef PyObject *result = PyObject_CallMethodNoArgs(self.protocol, method)
        if result != NULL:
            Py_DECREF(result)
            return 0
        error = take_raised()
        if isinstance(error, ENDS_THE_LOOP):
            return raise_again(error)
        self._loop.call_exception_handler(
            {
                "message": f"protocol.{method}() failed",
                "exception": error,
                "transport": self,
                "protocol": self.protocol,
            }
        )
        return 0

    cdef int report(self, object error, str method, tuple args) except -1:
        """A callback of the protocol failed: the handler hears of it, and the connection goes on."""
        if isinstance(error, ENDS_THE_LOOP):
            return raise_again(error)
        described = describe_callback(getattr(self.protocol, method, method), args, self._loop.get_debug())
        self._loop.call_exception_handler(
            {
                "message": f"Exception in callback {described}",
                "exception": error,
                "transport": self,
                "protocol": self.protocol,
            }
        )
        return 0

    cdef int fail(self, object error, str message) except -1:
        """Closes because of `error`: the protocol hears of it, and unless it is an OSError the handler too."""
        if isinstance(error, ENDS_THE_LOOP):
            return raise_again(error)
        if isinstance(error, OSError):
            if self._loop.get_debug():
                logger.debug("%r: %s", self, message, exc_info=error)
        else:
            self._loop.call_exception_handler(
                {"message": message, "exception": error, "transport": self, "protocol": self.protocol}
            )
        return self.force_close(error)

    cdef int force_close(self, object error) except -1:
        raise NotImplementedError("a kind of transport drops what is queued, and is lost with the error")

    cdef int lose(self, object error) except -1:
        """Queues `connection_lost`."""
        self.core.check_open()
        return self.core.push_new(new_handle(self._connection_lost, (error,), self._loop, self.context))

    def _connection_lost(self, error):
        try:
            if self.protocol is not None:
                self.protocol.connection_lost(error)
        finally:
            self.release()
            self.protocol = None
            server = self.server
            self.server = None
            if server is not None:
                server._detach(self)

    cdef int release(self) except -1:
        """Closes the descriptor, after it has left the poller."""
        cdef int fd = self.fd
        if fd < 0:
            return 0
        if not self.core.closed:
            self.core.watch(fd, 0, self)
        self.core.disown(fd)
        self.fd = -1
        if self.sock is not None:
            self.sock.close()
        else:
            close_descriptor(fd)
        return 0

    cdef object socket_object(self):
        """The `socket.socket` of the connection, which owns the descriptor from the moment that it exists."""
        if self.sock is None:
            sock = socket.socket(self.family, socket.SOCK_STREAM, self.protocol_number, fileno=self.fd)
            sock.setblocking(False)
            self.sock = sock
        return self.sock


cdef object address_of(bytes raw):
    if raw is None:
        return None
    return python_address(<const sockaddr_storage *>PyBytes_AS_STRING(raw), <socklen_t>PyBytes_GET_SIZE(raw))
