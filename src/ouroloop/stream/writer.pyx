"""The writer of a stream: a transport, with `drain` to wait until it has room.

Writing is the transport's; one of our own is called natively. `drain` is over at once while there is room: it costs an
object and no coroutine.
"""

import asyncio
import warnings

from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.object cimport PyTypeObject

from ouroloop.stream.flow_control cimport DrainOperation, FlowControlMixin
from ouroloop.stream.incoming cimport Incoming
from ouroloop.loop.late_dictionary cimport without_dictionary
from ouroloop.task.operation cimport Spares, keep_spares, take_spare
from ouroloop.transport.stream cimport StreamTransport

from ouroloop.stream import writer_coroutines
from ouroloop.sync.coroutine_mark import coroutine_function

cdef object CONTRACT = asyncio.StreamWriter
cdef Spares spare_drains
cdef object READER_CONTRACT = asyncio.StreamReader


cdef class StreamWriter:
    """StreamWriter(transport, protocol, reader, loop)
--

    Writes to a connection, as `asyncio.StreamWriter`.

    protocol: the transport's, with flow control. reader: the stream's, or None; what fails it fails `drain` too.
    """

    def __cinit__(self, *args, **keywords):
        without_dictionary(self)

    def __init__(self, transport, protocol, reader, loop):
        if reader is not None and not isinstance(reader, READER_CONTRACT):
            raise AssertionError("the reader must be a StreamReader or None")
        self._transport = transport
        self._protocol = protocol
        self._reader = reader
        self._loop = loop

    def __del__(self):
        if self.given_transport is None or self.given_transport.is_closing():
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
    def _transport(self):
        return self.given_transport

    @_transport.setter
    def _transport(self, transport):
        self.given_transport = transport
        self.transport_core = <StreamTransport>transport if type(transport) is StreamTransport else None

    @property
    def _protocol(self):
        return self.given_protocol

    @_protocol.setter
    def _protocol(self, protocol):
        self.given_protocol = protocol
        self.flow = None
        if isinstance(protocol, FlowControlMixin):
            if type(protocol)._drain_helper is FlowControlMixin._drain_helper:
                self.flow = <FlowControlMixin>protocol

    @property
    def _reader(self):
        return self.given_reader

    @_reader.setter
    def _reader(self, reader):
        self.given_reader = reader
        self.incoming = <Incoming>reader if isinstance(reader, Incoming) else None

    @property
    def transport(self):
        """The transport underneath."""
        return self.given_transport

    def write(self, data):
        """Sends a bytes-like object, now or, where the transport has no room, later; see `drain`."""
        cdef StreamTransport core = self.transport_core
        if core is None or type(data) is not bytes or core.is_eof_written or core.sends_file or core.lost_count:
            self.given_transport.write(data)
        elif PyBytes_GET_SIZE(<bytes>data) != 0:
            core.send_bytes(<bytes>data)

    def writelines(self, data):
        """Sends several bytes-like objects, one after the other; see `write`."""
        self.given_transport.writelines(data)

    def write_eof(self):
        """Sends what is left, and then the end of file; reading goes on."""
        return self.given_transport.write_eof()

    def can_write_eof(self):
        """True where the transport has `write_eof`."""
        return self.given_transport.can_write_eof()

    def close(self):
        """Sends what is left, and closes; see `wait_closed`."""
        return self.given_transport.close()

    def is_closing(self):
        """True once the stream is closed or about to be."""
        return self.given_transport.is_closing()

    def wait_closed(self):
        """Waits until the connection is gone, and raises what it was lost by."""
        return writer_coroutines.wait_closed(self)

    def get_extra_info(self, name, default=None):
        """What the transport knows of the connection by that name."""
        return self.given_transport.get_extra_info(name, default)

    def drain(self):
        """Waits until the transport has room; to be awaited after `write`.

        Raises what the reader failed with, ConnectionResetError once the connection is lost.
        """
        cdef Drain operation
        if self.flow is None:
            return writer_coroutines.drain(self)
        operation = take_spare(&spare_drains) if spare_drains.count else Drain.__new__(Drain)
        operation.writer = self
        operation.flow = self.flow
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

    cdef bint is_surely_open(self, FlowControlMixin flow) noexcept:
        """Whether all is our own, nothing has failed, and the transport has room."""
        return (
            self.transport_core is not None
            and not self.transport_core.is_closed
            and (self.incoming is not None and self.incoming._exception is None)
            and not (flow._connection_lost or flow._paused)
        )


cdef class Drain(DrainOperation):
    """`StreamWriter.drain`."""

    cdef str name(self):
        return "StreamWriter.drain"

    cdef Spares *spares(self) noexcept:
        return &spare_drains

    cdef int let_go(self) except -1:
        self.writer = None
        self.flow = None
        return 0

    cdef bint go_on(self) except -1:
        cdef StreamWriter writer = self.writer
        if writer is not None and writer.is_surely_open(self.flow):
            return True
        if writer is not None:
            # From here on it looks no more at the connection, only for room.
            self.writer = None
            self.check_reader(writer)
            if writer.given_transport.is_closing():
                # The loop gets the chance to tell of a lost connection: who only writes and drains would never hear.
                return False
        return self.has_room()

    cdef int check_reader(self, StreamWriter writer) except -1:
        reader = writer.given_reader
        if reader is None:
            return 0
        error = reader.exception()
        if error is not None:
            raise error
        return 0


cdef StreamWriter new_writer(object transport, object protocol, object reader, object loop):
    return StreamWriter(transport, protocol, reader, loop)


coroutine_function(StreamWriter.drain)
coroutine_function(StreamWriter.start_tls)
coroutine_function(StreamWriter.wait_closed)

keep_spares(<PyTypeObject *>Drain, &spare_drains)
