"""Bytes that have arrived and that nobody has read yet, in order.

They stand in one `bytes` object. What arrives while nothing is unread becomes that object, and whoever takes all of it
gets the object itself: a message that comes in one piece is copied once, from the loop's buffer. What arrives on top
of something is added in room that grows by half, or to the size that a reader has said it waits for.

An empty buffer holds no memory, and one that is nearly empty no more than it needs. There is no bound here: the reader
stops the transport when too much is unread. The reference to the object is taken and dropped here only; a caller's own
`bytes` is never written to.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES, PyBUF_WRITABLE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.ref cimport PyObject
from libc.string cimport memcpy

cdef extern from "Python.h":
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *data, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject **data, Py_ssize_t size) except -1
    char *bytes_of "PyBytes_AS_STRING"(PyObject *data)
    Py_ssize_t size_of "PyBytes_GET_SIZE"(PyObject *data)
    Py_ssize_t references_to "Py_REFCNT"(PyObject *data)
    void Py_INCREF(PyObject *owned)
    void Py_DECREF(PyObject *owned)

cdef extern from "<string.h>":
    # Python.h defines _GNU_SOURCE, which memmem asks for.
    void *memchr(const void *data, int byte, size_t size)
    void *memmem(const void *data, size_t size, const void *wanted, size_t length)

cdef char *UNSIGNED_BYTE = "B"

cdef enum:
    # A store of up to so many bytes is kept as it is, however little of it is unread.
    SMALL_STORE = 4096
    # A larger one is given back when less than one in so many of its bytes is unread.
    WASTE = 8


cdef class ReadBuffer:
    """The unread bytes of a stream. Looks like a bytearray to who asks for it."""

    def __dealloc__(self):
        self.release()

    def __len__(self):
        return self.size

    def __bytes__(self):
        return PyBytes_FromStringAndSize(self.unread(), self.size)

    def __eq__(self, other):
        return bytes(self) == other

    def __repr__(self):
        return f"{type(self).__name__}({bytes(self)!r})"

    def __getbuffer__(self, Py_buffer *view, int flags):
        # A snapshot, so that nothing which arrives meanwhile moves what is looked at.
        if flags & PyBUF_WRITABLE == PyBUF_WRITABLE:
            raise BufferError("Object is not writable.")
        cdef bytes snapshot = bytes(self)
        view.obj = snapshot
        view.buf = PyBytes_AS_STRING(snapshot)
        view.len = PyBytes_GET_SIZE(snapshot)
        view.itemsize = 1
        view.readonly = 1
        view.ndim = 1
        view.format = UNSIGNED_BYTE if flags & PyBUF_FORMAT else NULL
        view.shape = &view.len if flags & PyBUF_ND else NULL
        view.strides = &view.itemsize if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
        view.suboffsets = NULL
        view.internal = NULL

    def clear(self):
        """Drops all that is unread."""
        self.drop(self.size)

    cdef const char *unread(self) noexcept:
        """The first unread byte; valid until anything changes."""
        return bytes_of(self.store) + self.start if self.size else NULL

    cdef int append(self, const char *data, Py_ssize_t count) except -1:
        if self.size == 0:
            self.store = new_bytes(data, count)
        else:
            self.make_room(count)
            memcpy(bytes_of(self.store) + self.start + self.size, data, count)
        self.size += count
        return 0

    cdef int append_bytes(self, bytes data) except -1:
        """As `append`; keeps the object itself where it can."""
        if self.size != 0:
            return self.append(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        if PyBytes_GET_SIZE(data):
            self.store = <PyObject *>data
            Py_INCREF(self.store)
            self.size = PyBytes_GET_SIZE(data)
        return 0

    cdef bytes take(self, Py_ssize_t count):
        """Takes out the first `count` bytes, or all that there are."""
        if count >= self.size:
            return self.take_all()
        cdef bytes taken = PyBytes_FromStringAndSize(self.unread(), count)
        self.drop(count)
        return taken

    cdef bytes take_all(self):
        cdef bytes taken
        if self.size == 0:
            return b""
        if self.start == 0 and (size_of(self.store) == self.size or references_to(self.store) == 1):
            if size_of(self.store) != self.size:
                self.move(self.size)
            taken = <bytes>self.store
        else:
            taken = PyBytes_FromStringAndSize(self.unread(), self.size)
        self.drop(self.size)
        return taken

    cdef int drop(self, Py_ssize_t count) except -1:
        """Takes out the first `count` bytes, which nobody wants."""
        self.taken += count
        self.start += count
        self.size -= count
        if self.size == 0:
            self.release()
        elif size_of(self.store) > SMALL_STORE and self.size < size_of(self.store) // WASTE:
            self.move(self.size)
        return 0

    cdef Py_ssize_t find(self, bytes wanted, Py_ssize_t offset, Py_ssize_t end) noexcept:
        """Where `wanted` stands first among the unread bytes from `offset` to `end`; -1: nowhere."""
        cdef Py_ssize_t length = PyBytes_GET_SIZE(wanted)
        cdef const char *unread = self.unread()
        cdef const char *found
        if end - offset < length or self.size == 0:
            return -1
        if length == 1:
            found = <const char *>memchr(unread + offset, PyBytes_AS_STRING(wanted)[0], end - offset)
        else:
            found = <const char *>memmem(unread + offset, end - offset, PyBytes_AS_STRING(wanted), length)
        return found - unread if found != NULL else -1

    cdef int make_room(self, Py_ssize_t count) except -1:
        """Makes room for `count` bytes behind those that are there."""
        cdef Py_ssize_t needed = self.size + count
        if self.start + needed <= size_of(self.store):
            return 0
        cdef Py_ssize_t capacity = needed + needed // 2
        if self.expected > needed:
            # No further than twice what is there: who waits for much may get little.
            capacity = min(self.expected, 2 * needed)
        return self.move(capacity)

    cdef int move(self, Py_ssize_t capacity) except -1:
        """Has the unread bytes stand at the start of a store of `capacity` bytes."""
        cdef PyObject *moved
        if self.start == 0 and references_to(self.store) == 1:
            try:
                _PyBytes_Resize(&self.store, capacity)
            except MemoryError:
                # The store is gone.
                self.size = 0
                raise
            return 0
        moved = new_bytes(NULL, capacity)
        memcpy(bytes_of(moved), self.unread(), self.size)
        Py_DECREF(self.store)
        self.store = moved
        self.start = 0
        return 0

    cdef int release(self) noexcept:
        """Gives the memory back."""
        if self.store != NULL:
            Py_DECREF(self.store)
        self.store = NULL
        self.start = self.size = 0
        return 0
