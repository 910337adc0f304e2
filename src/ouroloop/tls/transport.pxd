from ouroloop.tls.connection cimport TlsConnection

cdef class TlsTransport(TlsConnection):
    cdef dict __dict__                # what users keep on a transport, or replace for a test
    cdef object __weakref__
