from ouroloop.stream.incoming cimport Incoming

cdef class StreamReader(Incoming):
    cdef bint is_plain                # no subclass, which may override what one method calls of another

    cdef bint overrides(self, str method) except -1
