from ouroloop.tls.connection cimport TlsConnection

cdef class TlsTransport(TlsConnection):
    pass
