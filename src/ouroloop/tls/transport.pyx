"""A TLS connection as an asyncio transport: what users call. `connection.pyx` has what happens then."""

import asyncio
import logging
from asyncio import constants

from cpython.bytes cimport PyBytes_GET_SIZE

from ouroloop.loop.core cimport LoopCore
from ouroloop.loop.late_dictionary cimport without_dictionary
from ouroloop.tls.connection cimport TlsConnection
from ouroloop.tls.machine cimport CLOSE, HANDSHAKE, TlsMachine
from ouroloop.tls.record_buffers cimport RecordBuffers
from ouroloop.transport.flow_control cimport FlowControl, water_marks
from ouroloop.transport.native_protocol cimport NativeProtocol
from ouroloop.transport.write_queue cimport WriteQueue

from ouroloop.tls.contract import SSLTransport

cdef extern from "Python.h":
    object PyContext_CopyCurrent()

cdef enum:
    WARN_AFTER_LOST_WRITES = 5        # as the standard library's LOG_THRESHOLD_FOR_CONNLOST_WRITES

# Bytes, as the standard library's.
cdef object READ_HIGH_WATER = constants.FLOW_CONTROL_HIGH_WATER_SSL_READ * 1024
cdef object WRITE_HIGH_WATER = constants.FLOW_CONTROL_HIGH_WATER_SSL_WRITE * 1024
cdef object BufferedProtocol = asyncio.BufferedProtocol
cdef object logger = logging.getLogger("asyncio")


cdef class TlsTransport(TlsConnection):
    """TlsTransport(loop, protocol, context, *, server_side=False, server_hostname=None, waiter=None, server=None, \
handshake_timeout=None, shutdown_timeout=None, is_made=False)
--

    A TLS connection, as `asyncio.Transport`.

    context: an `ssl.SSLContext`. waiter: a future to complete once the handshake is over. server: told of the
    connection by `_attach(transport)` and `_detach(transport)`. handshake_timeout, shutdown_timeout: seconds. is_made:
    the protocol has had its `connection_made` already.
    """

    def __cinit__(self):
        without_dictionary(self)

    def __init__(
        self, LoopCore loop not None, protocol, context, *, server_side=False, server_hostname=None, waiter=None,
        server=None, handshake_timeout=None, shutdown_timeout=None, is_made=False,
    ):
        loop.check_open()
        self._loop = loop
        self.core = loop
        self.machine = TlsMachine(context, server_side=server_side, server_hostname=server_hostname)
        if loop.record_buffers is None:
            loop.record_buffers = RecordBuffers()
        self.buffers = loop.record_buffers
        self.queue = WriteQueue()
        self.flow = FlowControl()
        self.handshake_timeout = handshake_timeout or constants.SSL_HANDSHAKE_TIMEOUT
        self.shutdown_timeout = shutdown_timeout or constants.SSL_SHUTDOWN_TIMEOUT
        self.set_read_buffer_limits()
        self.set_write_buffer_limits()
        self.context = PyContext_CopyCurrent()
        self.waiter = waiter
        self.is_made = is_made
        self.set_protocol(protocol)
        self.server = server
        if server is not None:
            self.is_accepted = True
            server._attach(self)

    @property
    def __class__(self):
        # isinstance(transport, asyncio.Transport) holds in other people's code, although the class is our own.
        return SSLTransport

    # `start_tls` and `sendfile` ask for these.
    _start_tls_compatible = True
    _sendfile_compatible = constants._SendfileMode.FALLBACK

    @property
    def _protocol_paused(self):
        return self.flow.is_paused

    @property
    def _ssl_protocol(self):
        return self.wire

    def _carried_by(self, wire):
        """Notes the lower transport's protocol, which tells this transport what happens below."""
        self.wire = wire

    # What a user asks

    def set_protocol(self, protocol):
        """Gives what arrives from now on to `protocol`."""
        self.protocol = protocol
        self.is_buffered = isinstance(protocol, BufferedProtocol)
        self.native = None
        if isinstance(protocol, NativeProtocol) and (<NativeProtocol>protocol).takes_bytes:
            self.native = <NativeProtocol>protocol

    def get_protocol(self):
        """The protocol; None once the connection is lost."""
        return self.protocol

    def get_extra_info(self, name, default=None):
        """"ssl_object", "sslcontext", "peercert", "cipher", "compression", or what the lower transport tells."""
        if name == "sslcontext":
            return self.machine.context
        if self.is_ready:
            if name == "ssl_object":
                return self.machine.ssl_object
            if name == "peercert":
                return self.machine.ssl_object.getpeercert()
            if name == "cipher":
                return self.machine.ssl_object.cipher()
            if name == "compression":
                return self.machine.ssl_object.compression()
        return default if self.lower is None else self.lower.get_extra_info(name, default)

    def is_closing(self):
        """True once the transport is closed or about to be."""
        return self.is_closed or (self.lower is not None and self.lower.is_closing())

    def __repr__(self):
        return f"<{type(self).__name__} {self.machine.state.name.lower().replace('_', ' ')} over {self.lower!r}>"

    # Reading

    def is_reading(self):
        """True while what arrives is given to the protocol."""
        return not self.is_closed and not self.is_paused

    def pause_reading(self):
        """Stops reading until `resume_reading()`. Pausing twice changes nothing."""
        self.is_paused = True

    def resume_reading(self):
        """Reads again after `pause_reading()`, from the next iteration on."""
        if self.is_paused:
            self.is_paused = False
            self._loop.call_soon(self._resume, context=self.context)

    def _resume(self):
        if not self.is_paused and self.protocol is not None:
            self.take_unread()

    def get_read_buffer_size(self):
        """How many bytes of cipher text wait to be read."""
        return self.machine.unread()

    def get_read_buffer_limits(self):
        """The low- and the high-water mark for reading, in bytes."""
        return self.read_low_water, self.read_high_water

    def set_read_buffer_limits(self, high=None, low=None):
        """Sets the marks, in bytes that wait to be read, between which the lower transport is paused."""
        self.read_high_water, self.read_low_water = water_marks(high, low, READ_HIGH_WATER)
        self.control_reading()

    # Writing

    def write(self, data):
        """Encrypts and sends bytes, without waiting: what the connection does not take is queued.

        data: bytes, bytearray or memoryview; a mutable one may be changed afterwards.
        Raises TypeError for anything else.
        """
        if type(data) is not bytes:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise TypeError(f"data: expecting a bytes-like instance, got {type(data).__name__}")
            data = bytes(data)
        if PyBytes_GET_SIZE(data) == 0:
            return
        if self.is_closed:
            self._count_lost_write()
            return
        self.queue.push(data)
        self.send_soon()

    def writelines(self, list_of_data):
        """Sends several buffers, one after the other; see `write`."""
        parts = list(list_of_data)
        for data in parts:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise TypeError(f"data: expecting a bytes-like instance, got {type(data).__name__}")
        if self.is_closed:
            self._count_lost_write()
            return
        for data in parts:
            if len(data) != 0:
                self.queue.push(data if type(data) is bytes else bytes(data))
        if self.queue.size:
            self.send_soon()

    def _count_lost_write(self):
        if self.lost_count >= WARN_AFTER_LOST_WRITES:
            logger.warning("SSL connection is closed")
        self.lost_count += 1

    def write_eof(self):
        """Raises NotImplementedError: TLS ends both directions at once."""
        raise NotImplementedError

    def can_write_eof(self):
        """False: TLS ends both directions at once."""
        return False

    def get_write_buffer_size(self):
        """How many bytes are queued, plain text."""
        if self.is_corked:
            self.flush()
        return self.queue.size

    def get_write_buffer_limits(self):
        """The low- and the high-water mark, in bytes."""
        return self.flow.low_water, self.flow.high_water

    def set_write_buffer_limits(self, high=None, low=None):
        """Sets the marks, in bytes queued, between which the protocol is told to pause and to resume writing."""
        if self.is_corked:
            self.flush()
        self.flow.set_limits(high, low, WRITE_HIGH_WATER)
        self.control_writing()

    # Closing

    def close(self):
        """Sends what is queued and close_notify, waits for the peer's, then closes; `connection_lost(None)` follows."""
        if self.is_closed:
            return
        if self.machine.at <= HANDSHAKE:
            self.force_close(None)
            return
        self.is_closed = True
        self.machine.advance(CLOSE)
        if self.is_calling:
            self.is_corked = True
        else:
            self.flush()

    def abort(self):
        """Drops what is queued and closes at once, without close_notify; `connection_lost(None)` follows."""
        # As on a plain connection: what was written in this very callback is on its way.
        if self.is_corked and not self.is_closed:
            self.flush()
        if self.stream is not None and self.stream.is_corked:
            self.stream.flush()
        self.force_close(None)

    def _force_close(self, error):
        self.force_close(error)
