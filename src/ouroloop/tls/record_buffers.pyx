"""Where a loop's TLS connections decrypt and encrypt: one at a time, and what is in it is handed over at once.

So an idle connection holds no such buffer of its own. `LoopCore.record_buffers` keeps it.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc


cdef class RecordBuffers:
    """`PLAIN_SIZE` bytes for plain text from a peer, and `CIPHER_SIZE` bytes for cipher text to one."""

    def __cinit__(self):
        self.plain = <char *>PyMem_RawMalloc(PLAIN_SIZE)
        self.cipher = <char *>PyMem_RawMalloc(CIPHER_SIZE)
        if self.plain == NULL or self.cipher == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_RawFree(self.plain)
        PyMem_RawFree(self.cipher)
