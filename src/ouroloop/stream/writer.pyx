"""The writer of a stream: a transport, with `drain` to wait until it has room.

Writing is the transport's; one of our own is called natively. `drain` is over at once while there is room: it costs an
object and no coroutine.
"""

import asyncio
import warnings

from ouroloop.stream.flow_control cimport DrainOperation, FlowControlMixin
from ouroloop.stream.incoming cimport Incoming
from ouroloop.transport.stream cimport StreamTransport

from ouroloop.stream import writer_coroutines
from ouroloop.sync.coroutine_mark import coroutine_function

cdef object CONTRACT = asyncio.StreamWriter
cdef object READER_CONTRACT = asyncio.StreamReader


cdef class StreamWriter:
    """StreamWriter(transport, protocol, reader, loop)
--

    Writes to a connection, as `asyncio.StreamWriter`.

    protocol: the transport's, with flow control. reader: the stream's, or None; what fails it fails `drain` too.
    """

    def __init__(self, transport, protocol, reader, loop):
        if reader is not None and not isinstance(reader, READER_CONTRACT):
            raise AssertionError("the reader must be a StreamReader or None")
        self._transport = transport
        self._protocol = protocol
        self._reader = reader
        self._loop = loop
        self.drains_natively = isinstance(protocol, FlowControlMixin) and (
            type(protocol)._drain_helper is FlowControlMixin._drain_helper
        )

    def __del__(self):
        if self._transport is None or self._transport.is_closing():
            return
        if self._loop.is_closed():
            warnings.warn("loop is closed", ResourceWarning, stacklevel=1)
        else:
            self.close()
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=1)

    @property
    def __class__(self):
        # isinstance(writer, asyncio.StreamWriter) holds in other people's code, although the class is our own.
        return CONTRACT

    def __repr__(self):
        parts = [type(self).__name__, f"transport={self._transport!r}"]
        if self._reader is not None:
            parts.append(f"reader={self._reader!r}")
        return f"<{' '.join(parts)}>"

    @property
    def transport(self):
        """The transport underneath."""
        return self._transport

    def write(self, data):
        """Sends a bytes-like object, now or, where the transport has no room, later; see `drain`."""
        self._transport.write(data)

    def writelines(self, data):
        """Sends several bytes-like objects, one after the other; see `write`."""
        self._transport.writelines(data)

    def write_eof(self):
        """Sends what is left, and then the end of file; reading goes on."""
        return self._transport.write_eof()

    def can_write_eof(self):
        """True where the transport has `write_eof`."""
        return self._transport.can_write_eof()

    def close(self):
        """Sends what is left, and closes; see `wait_closed`."""
        return self._transport.close()

    def is_closing(self):
        """True once the stream is closed or about to be."""
        return self._transport.is_closing()

    def wait_closed(self):
        """Waits until the connection is gone, and raises what it was lost by."""
        return writer_coroutines.wait_closed(self)

    def get_extra_info(self, name, default=None):
        """What the transport knows of the connection by that name."""
        return self._transport.get_extra_info(name, default)

    def drain(self):
        """Waits until the transport has room; to be awaited after `write`.

        Raises what the reader failed with, ConnectionResetError once the connection is lost.
        """
        cdef Drain operation
        if not self.drains_natively:
            return writer_coroutines.drain(self)
        operation = Drain.__new__(Drain)
        operation.writer = self
        operation.flow = <FlowControlMixin>self._protocol
        return operation

    def start_tls(
        self, sslcontext, *, server_hostname=None, ssl_handshake_timeout=None, ssl_shutdown_timeout=None
    ):
        """Speaks TLS from here on; the arguments are those of `asyncio.loop.start_tls`."""
        return writer_coroutines.start_tls(
            self,
            sslcontext,
            server_hostname=server_hostname,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )

    cdef bint is_transport_closing(self) except -1:
        transport = self._transport
        if type(transport) is StreamTransport:
            return (<StreamTransport>transport).is_closed
        return transport.is_closing()


cdef class Drain(DrainOperation):
    """`StreamWriter.drain`."""

    cdef str name(self):
        return "StreamWriter.drain"

    cdef bint go_on(self) except -1:
        if not self.is_checked:
            self.is_checked = True
            self.check_reader()
            if self.writer.is_transport_closing():
                # The loop gets the chance to tell of a lost connection: who only writes and drains would never hear.
                return False
        return self.has_room()

    cdef int check_reader(self) except -1:
        reader = self.writer._reader
        if reader is None:
            return 0
        error = (<Incoming>reader)._exception if isinstance(reader, Incoming) else reader.exception()
        if error is not None:
            raise error
        return 0


cdef StreamWriter new_writer(object transport, object protocol, object reader, object loop):
    return StreamWriter(transport, protocol, reader, loop)


coroutine_function(StreamWriter.drain)
coroutine_function(StreamWriter.start_tls)
coroutine_function(StreamWriter.wait_closed)
