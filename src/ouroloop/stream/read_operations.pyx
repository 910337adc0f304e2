"""What `read`, `readexactly`, `readuntil` and `readline` of a stream give to `await`.

Each looks at the unread bytes, takes what it was asked for if that is there, and otherwise waits for as many as it
needs. It looks again after each wait and trusts nothing from before it: another read may have come first. An operation
that is cancelled has taken nothing.
"""

import asyncio

from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.object cimport PyTypeObject

from ouroloop.stream.incoming cimport Incoming
from ouroloop.stream.read_buffer cimport ReadBuffer
from ouroloop.task.operation cimport PASSES_ON, Operation, Spares, keep_spares, take_spare

cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX
    # Clips what does not fit where the exception is NULL.
    Py_ssize_t as_size "PyNumber_AsSsize_t"(object number, void *error) except? -1

cdef object IncompleteReadError = asyncio.IncompleteReadError
cdef object LimitOverrunError = asyncio.LimitOverrunError
cdef bytes NEWLINE = b"\n"
cdef Spares spare_reads
cdef Spares spare_exact_reads
cdef Spares spare_line_reads


cdef class ReadOperation(Operation):
    """An operation that waits for bytes of one stream."""

    cdef int begin(self) except -1:
        """What each does first: a stream that has failed says so."""
        if self.reader._exception is not None:
            raise self.reader._exception
        return 0

    cdef bint need(self, str function, Py_ssize_t wanted) except -1:
        """Waits until `wanted` bytes are unread. Says whether it is over, which it is not."""
        # The stream may have failed between the last wake-up and now; nobody will be woken for it again.
        if self.waits_on is not None and self.reader._exception is not None:
            raise self.reader._exception
        self.waits_on = self.reader.wait(function, wanted)
        return False

    cdef int interrupt(self, object error) except -1:
        self.reader.stop_waiting(self.waits_on)
        return PASSES_ON

    cdef int let_go(self) except -1:
        self.reader = None
        return 0


cdef class Read(ReadOperation):
    """`StreamReader.read`."""

    cdef str name(self):
        return "StreamReader.read"

    cdef Spares *spares(self) noexcept:
        return &spare_reads

    cdef bint go_on(self) except -1:
        cdef Incoming reader = self.reader
        cdef ReadBuffer buffer = reader._buffer
        if self.waits_on is None:
            self.begin()
            self.count = -1 if self.asked < 0 else as_size(self.asked, NULL)
        if self.count < 0:
            if not reader._eof:
                return self.need("read", PY_SSIZE_T_MAX)
            self.value = buffer.take_all()
        elif self.count == 0:
            self.value = b""
        elif buffer.size == 0 and not reader._eof:
            return self.need("read", 1)
        else:
            self.value = buffer.take(self.count)
        reader.resume_if_low()
        return True


cdef class ReadExactly(ReadOperation):
    """`StreamReader.readexactly`."""

    cdef str name(self):
        return "StreamReader.readexactly"

    cdef Spares *spares(self) noexcept:
        return &spare_exact_reads

    cdef bint go_on(self) except -1:
        cdef Incoming reader = self.reader
        cdef ReadBuffer buffer = reader._buffer
        if self.waits_on is None:
            if self.asked < 0:
                raise ValueError("readexactly size can not be less than zero")
            self.begin()
            self.count = as_size(self.asked, NULL)
            if self.count == 0:
                self.value = b""
                return True
        if buffer.size < self.count:
            if reader._eof:
                buffer.expected = 0
                raise IncompleteReadError(buffer.take_all(), self.asked)
            buffer.expected = self.count
            return self.need("readexactly", self.count)
        buffer.expected = 0
        self.value = buffer.take(self.count)
        reader.resume_if_low()
        return True

    cdef int interrupt(self, object error) except -1:
        self.reader._buffer.expected = 0
        return ReadOperation.interrupt(self, error)


cdef class ReadUntil(ReadOperation):
    """`StreamReader.readuntil`."""

    cdef str name(self):
        return "StreamReader.readuntil"

    cdef bint go_on(self) except -1:
        cdef Incoming reader = self.reader
        cdef ReadBuffer buffer = reader._buffer
        cdef Py_ssize_t start = 0
        cdef Py_ssize_t end
        if self.waits_on is None:
            self.prepare()
            self.begin()
        end = self.search(&start)
        if end >= 0:
            if start > reader.limit:
                self.too_long("Separator is found, but chunk is longer than limit", start)
            self.value = buffer.take(end)
            reader.resume_if_low()
            return True
        if self.searched > reader.limit:
            self.too_long("Separator is not found, and chunk exceed the limit", self.searched)
        if reader._eof:
            self.ended()
            return True
        return self.need("readuntil", buffer.size + 1)

    cdef int prepare(self) except -1:
        """Looks at the separators as they were given."""
        asked = sorted(self.asked, key=len) if isinstance(self.asked, tuple) else [self.asked]
        if not asked:
            raise ValueError("Separator should contain at least one element")
        self.shortest = len(asked[0])
        self.longest = len(asked[len(asked) - 1])
        if self.shortest == 0:
            raise ValueError("Separator should be at least one-byte string")
        separators = [as_bytes(each) for each in asked]
        if len(separators) == 1:
            self.separator = separators[0]
        else:
            self.separators = separators
        return 0

    cdef Py_ssize_t search(self, Py_ssize_t *start) except -2:
        """Where the first separator ends, with `start` where it begins; -1: there is none among the unread bytes.

        Of several, the one that ends first counts, and the shortest of those that end together.
        """
        cdef ReadBuffer buffer = self.reader._buffer
        cdef Py_ssize_t end = -1
        cdef Py_ssize_t found, length
        if self.taken != buffer.taken:
            self.taken = buffer.taken
            self.searched = 0
        if buffer.size - self.searched < self.shortest:
            return -1
        if self.separator is not None:
            found = buffer.find(self.separator, self.searched, buffer.size)
            if found >= 0:
                start[0] = found
                return found + self.longest
        else:
            for separator in self.separators:
                length = PyBytes_GET_SIZE(<bytes>separator)
                found = buffer.find(<bytes>separator, self.searched, buffer.size if end < 0 else end - 1)
                if found >= 0:
                    start[0] = found
                    end = found + length
            if end >= 0:
                return end
        # The last bytes may be the beginning of a separator.
        self.searched = max(0, buffer.size + 1 - self.longest)
        return -1

    cdef int ended(self) except -1:
        """The stream has ended, and no separator came."""
        raise IncompleteReadError(self.reader._buffer.take_all(), None)

    cdef int too_long(self, str message, Py_ssize_t consumed) except -1:
        """No separator begins within the limit. The bytes stay where they are."""
        error = LimitOverrunError(message, consumed)
        error.add_note(self.reader.limit_note())
        raise error


cdef class ReadLine(ReadUntil):
    """`StreamReader.readline`."""

    cdef str name(self):
        return "StreamReader.readline"

    cdef Spares *spares(self) noexcept:
        return &spare_line_reads

    cdef int prepare(self) except -1:
        self.separator = NEWLINE
        self.shortest = self.longest = 1
        self.searched = 0
        return 0

    cdef int ended(self) except -1:
        self.value = self.reader._buffer.take_all()
        return 0

    cdef int too_long(self, str message, Py_ssize_t consumed) except -1:
        raise self.reader._line_too_long(LimitOverrunError(message, consumed))


cdef class NextLine(ReadLine):
    """`StreamReader.__anext__`."""

    cdef str name(self):
        return "StreamReader.__anext__"

    cdef bint go_on(self) except -1:
        cdef bint over = ReadUntil.go_on(self)
        if over and PyBytes_GET_SIZE(<bytes>self.value) == 0:
            raise StopAsyncIteration
        return over


cdef class WaitForData(ReadOperation):
    """`StreamReader._wait_for_data`."""

    cdef str name(self):
        return "StreamReader._wait_for_data"

    cdef bint go_on(self) except -1:
        if self.waits_on is None:
            return self.need(self.function, self.reader._buffer.size + 1)
        return True


cdef bytes as_bytes(object separator):
    if not isinstance(separator, (bytes, bytearray, memoryview)):
        # As `bytearray.find` says it.
        raise TypeError(
            f"argument should be integer or bytes-like object, not {type(separator).__name__!r}"
        )
    return bytes(separator)


cdef Read new_read(Incoming reader, object count):
    cdef Read operation
    operation = take_spare(&spare_reads) if spare_reads.count else Read.__new__(Read)
    operation.reader = reader
    operation.asked = count
    return operation


cdef ReadExactly new_read_exactly(Incoming reader, object count):
    cdef ReadExactly operation
    operation = take_spare(&spare_exact_reads) if spare_exact_reads.count else ReadExactly.__new__(ReadExactly)
    operation.reader = reader
    operation.asked = count
    return operation


cdef ReadUntil new_read_until(Incoming reader, object separator):
    cdef ReadUntil operation = ReadUntil.__new__(ReadUntil)
    operation.reader = reader
    operation.asked = separator
    return operation


cdef ReadLine new_read_line(Incoming reader):
    cdef ReadLine operation
    operation = take_spare(&spare_line_reads) if spare_line_reads.count else ReadLine.__new__(ReadLine)
    operation.reader = reader
    return operation


cdef NextLine new_next_line(Incoming reader):
    cdef NextLine operation = NextLine.__new__(NextLine)
    operation.reader = reader
    return operation


cdef WaitForData new_wait_for_data(Incoming reader, str function):
    cdef WaitForData operation = WaitForData.__new__(WaitForData)
    operation.reader = reader
    operation.function = function
    return operation


keep_spares(<PyTypeObject *>Read, &spare_reads)
keep_spares(<PyTypeObject *>ReadExactly, &spare_exact_reads)
keep_spares(<PyTypeObject *>ReadLine, &spare_line_reads)
