from cpython.ref cimport PyObject

from ouroloop.sync.timeout cimport Timeout
from ouroloop.task.operation cimport Operation

cdef class WaitFor(Operation):
    cdef object awaited      # as it was given; after the first step what drives it
    cdef object seconds
    cdef Timeout limit       # None before the first step

    cdef int start(self) except -1
    cdef bint has_stepped(self, int outcome, PyObject *result) except -1
    cdef int fail(self, object error) except -1
