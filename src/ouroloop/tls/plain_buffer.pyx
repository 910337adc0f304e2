"""Where a loop's TLS connections decrypt: one at a time, and what is in it is handed over at once.

So an idle connection holds no such buffer of its own. `LoopCore.plain_buffer` keeps it.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc


cdef class PlainBuffer:
    """A buffer of `PLAIN_SIZE` bytes."""

    def __cinit__(self):
        self.start = <char *>PyMem_RawMalloc(PLAIN_SIZE)
        if self.start == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_RawFree(self.start)
