"""The protocol between a transport and a stream: what arrives goes to the reader, a server's handler is started.

The reader is only referred to weakly: when its user has dropped it, nobody can read what arrives. A server's is kept
until the connection is made, because nobody else has it before. A transport of ours hands over what it has read
without an object for it.
"""

import asyncio
import weakref
from functools import partial

from cpython.bytes cimport PyBytes_FromStringAndSize

from ouroloop.stream.flow_control cimport FlowControlMixin
from ouroloop.stream.reader cimport StreamReader
from ouroloop.stream.waiter cimport new_waiter
from ouroloop.stream.writer cimport new_writer
from ouroloop.transport.stream cimport StreamTransport

from ouroloop.stream.handler import handler_done, handler_failed

cdef extern from "Python.h":
    bint PyCoro_CheckExact(object coro)

cdef object CONTRACT = asyncio.StreamReaderProtocol
cdef object iscoroutine = asyncio.iscoroutine


cdef class StreamReaderProtocol(FlowControlMixin):
    """StreamReaderProtocol(stream_reader, client_connected_cb=None, loop=None)
--

    Feeds a `StreamReader` from a transport, as `asyncio.StreamReaderProtocol`.

    client_connected_cb: called with the reader and a new `StreamWriter` once the connection is made; a coroutine that
    it returns becomes a task. loop: None takes the current one.
    """

    def __init__(self, stream_reader, client_connected_cb=None, loop=None):
        FlowControlMixin.__init__(self, loop)
        if stream_reader is not None:
            self.reader_reference = weakref.ref(stream_reader)
            self._source_traceback = stream_reader._source_traceback
        if client_connected_cb is not None:
            self._strong_reader = stream_reader
        self._client_connected_cb = client_connected_cb
        self.keeps_bytes = True
        self.takes_bytes = type(self).data_received is StreamReaderProtocol.data_received

    @property
    def __class__(self):
        return CONTRACT

    @property
    def _stream_reader(self):
        return self.reader()

    @property
    def _stream_reader_wr(self):
        return self.reader_reference

    @property
    def _closed(self):
        if self.close_waiter is None:
            self.close_waiter = new_waiter(self._loop, self.core)
            if self._connection_lost:
                self.end_close_waiter()
        return self.close_waiter

    def _get_close_waiter(self, stream):
        return self._closed

    def _replace_transport(self, transport):
        reader = self.reader()
        if reader is not None:
            reader._replace_transport(transport)
        self._transport = transport
        self._over_ssl = transport.get_extra_info("sslcontext") is not None

    # What the transport calls

    def connection_made(self, transport):
        """Joins the reader and the transport, and starts the server's handler."""
        if self._reject_connection:
            report = {
                "message": (
                    "An open stream was garbage collected prior to establishing network connection; "
                    'call "stream.close()" explicitly.'
                )
            }
            if self._source_traceback:
                report["source_traceback"] = self._source_traceback
            self._loop.call_exception_handler(report)
            transport.abort()
            return
        self._transport = transport
        reader = self.reader()
        if reader is not None:
            reader.set_transport(transport)
        # A transport of ours has no TLS of its own, and asking costs it a dictionary.
        if type(transport) is not StreamTransport:
            self._over_ssl = transport.get_extra_info("sslcontext") is not None
        if self._client_connected_cb is not None:
            self.serve(reader, transport)

    def data_received(self, data):
        """Gives what has arrived to the reader."""
        reader = self.reader()
        if reader is not None:
            reader.feed_data(data)

    def eof_received(self):
        """Tells the reader of the end. The other direction stays open, but for TLS, which has no half-closed state."""
        reader = self.reader()
        if reader is not None:
            reader.feed_eof()
        return not self._over_ssl

    def connection_lost(self, exc):
        """Tells everybody who waits for the connection that it is gone."""
        reader = self.reader()
        if reader is not None:
            if exc is None:
                reader.feed_eof()
            else:
                reader.set_exception(exc)
        self.close_error = exc
        FlowControlMixin.connection_lost(self, exc)
        if self.close_waiter is not None:
            self.end_close_waiter()
        self.reader_reference = None
        self._task = None
        self._transport = None

    cdef int received(self, const char *data, Py_ssize_t count) except -1:
        reader = self.reader()
        if type(reader) is StreamReader:
            return (<StreamReader>reader).feed(data, count)
        if reader is not None:
            reader.feed_data(PyBytes_FromStringAndSize(data, count))
        return 0

    cdef int received_bytes(self, bytes data) except -1:
        reader = self.reader()
        if reader is not None:
            reader.feed_data(data)
        return 0

    # Inside

    cdef object reader(self):
        return None if self.reader_reference is None else self.reader_reference()

    cdef int serve(self, object reader, object transport) except -1:
        """Starts the server's handler."""
        self._strong_reader = None
        try:
            served = self._client_connected_cb(reader, new_writer(transport, self, reader, self._loop))
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            handler_failed(self._loop, transport, error)
            return 0
        if PyCoro_CheckExact(served) or iscoroutine(served):
            self._task = self._loop.create_task(served)
            self._task.add_done_callback(partial(handler_done, self._loop, transport))
        return 0

    cdef int end_close_waiter(self) except -1:
        waiter = self.close_waiter
        if waiter.done():
            return 0
        if self.close_error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(self.close_error)
            # Nobody has to ask how a connection ended.
            waiter.exception()
        return 0
