from ouroloop.tls.connection cimport TlsConnection
from ouroloop.transport.native_protocol cimport NativeProtocol

cdef class WireProtocol(NativeProtocol):
    cdef TlsConnection transport
