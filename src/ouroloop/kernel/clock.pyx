"""The monotonic clock, in nanoseconds: the same clock as `time.monotonic()`."""

from posix.time cimport CLOCK_MONOTONIC, clock_getres, clock_gettime, timespec


cdef int64_t monotonic_ns() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <int64_t>now.tv_sec * 1000000000 + now.tv_nsec


cdef int64_t resolution_ns() noexcept nogil:
    cdef timespec resolution
    clock_getres(CLOCK_MONOTONIC, &resolution)
    return <int64_t>resolution.tv_sec * 1000000000 + resolution.tv_nsec
