"""Where a loop's TLS connections decrypt: one at a time, and what is in it is handed over at once.

So an idle connection holds no such buffer of its own. `LoopCore.plain_buffer` keeps it.
"""

cdef extern from "Python.h":
    char *PyByteArray_AS_STRING(bytearray storage)


cdef class PlainBuffer:
    """A buffer in the three forms that decrypting and handing over take."""

    def __cinit__(self):
        self.storage = bytearray(PLAIN_SIZE)
        self.view = memoryview(self.storage)
        self.room = (PLAIN_SIZE, self.view)
        self.start = PyByteArray_AS_STRING(self.storage)

    cdef tuple room_from(self, Py_ssize_t filled):
        return self.room if filled == 0 else (PLAIN_SIZE - filled, self.view[filled:])
