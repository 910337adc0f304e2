from ouroloop.stream.incoming cimport Incoming
from ouroloop.task.operation cimport Operation

cdef class ReadOperation(Operation):
    cdef Incoming reader

    cdef int begin(self) except -1
    cdef bint need(self, str function, Py_ssize_t wanted) except -1

cdef class Read(ReadOperation):
    cdef object asked                 # how many bytes, as the user says it
    cdef Py_ssize_t count             # bytes at most; negative: all up to the end

cdef class ReadExactly(ReadOperation):
    cdef object asked
    cdef Py_ssize_t count             # bytes

cdef class ReadUntil(ReadOperation):
    cdef object asked                 # a separator, or a tuple of them
    cdef bytes separator              # the only one, or None
    cdef list separators              # all of them, shortest first, or None
    cdef Py_ssize_t shortest          # bytes
    cdef Py_ssize_t longest           # bytes
    cdef Py_ssize_t searched          # unread bytes from the first on in which no separator begins
    cdef unsigned long long taken     # what the buffer's `taken` was then

    cdef int prepare(self) except -1
    cdef Py_ssize_t search(self, Py_ssize_t *start) except -2
    cdef int ended(self) except -1
    cdef int too_long(self, str message, Py_ssize_t consumed) except -1

cdef class ReadLine(ReadUntil):
    pass

cdef class NextLine(ReadLine):
    pass

cdef class WaitForData(ReadOperation):
    cdef str function

cdef Read new_read(Incoming reader, object count)
cdef ReadExactly new_read_exactly(Incoming reader, object count)
cdef ReadUntil new_read_until(Incoming reader, object separator)
cdef ReadLine new_read_line(Incoming reader)
cdef NextLine new_next_line(Incoming reader)
cdef WaitForData new_wait_for_data(Incoming reader, str function)
