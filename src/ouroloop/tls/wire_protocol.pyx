"""The protocol of the transport below a TLS connection: it passes on what happens there.

A stream transport of ours hands over its read buffer as it stands; any other transport calls the methods that
`asyncio.Protocol` names.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from ouroloop.tls.connection cimport TlsConnection
from ouroloop.transport.native_protocol cimport NativeProtocol


cdef class WireProtocol(NativeProtocol):
    """WireProtocol(transport)
--

    Tells a `TlsTransport` what the transport below it tells its protocol.
    """

    def __init__(self, TlsConnection transport not None):
        self.transport = transport
        self.takes_bytes = True
        transport._carried_by(self)

    cdef int received(self, const char *data, Py_ssize_t count) except -1:
        return self.transport.received(data, count)

    def connection_made(self, transport):
        """The lower transport is connected: the handshake begins."""
        self.transport.connected(transport)

    def data_received(self, data):
        """Cipher text, from a lower transport that is not ours."""
        cdef bytes given = bytes(data)
        self.transport.received(PyBytes_AS_STRING(given), PyBytes_GET_SIZE(given))

    def eof_received(self):
        """The stream below has ended; the TLS transport closes the lower one when it is done with it."""
        self.transport.stream_ended()
        return True

    def pause_writing(self):
        """The lower transport takes no more for now."""
        self.transport.block()

    def resume_writing(self):
        """The lower transport takes more."""
        self.transport.unblock()

    def connection_lost(self, exc):
        """The lower transport is gone."""
        self.transport.lost(exc)
