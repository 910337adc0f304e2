"""A protocol that takes what arrives as it stands in the loop's buffer, without a `bytes` object for each read.

A stream transport calls `received` in place of `data_received` where `takes_bytes` is set. The data is valid during the
call only. What a large read has brought stands in an object already, and where `keeps_bytes` is set `received_bytes`
gets that. A kind of protocol that lets Python classes override `data_received` clears the first flag for those.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE


cdef class NativeProtocol:
    """The native side of a protocol; the Python side is `asyncio.Protocol`."""

    cdef int received(self, const char *data, Py_ssize_t count) except -1:
        raise NotImplementedError

    cdef int received_bytes(self, bytes data) except -1:
        return self.received(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
