from libc.stdint cimport int64_t

cdef int64_t monotonic_ns() noexcept nogil
cdef int64_t resolution_ns() noexcept nogil
