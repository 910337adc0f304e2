from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    """
    #if defined(__x86_64__)
    #include <x86intrin.h>
    #endif
    #ifndef OUROLOOP_TICKS
    #define OUROLOOP_TICKS
    static inline uint64_t ouroloop_ticks(void) {
    #if defined(__x86_64__)
        return __rdtsc();
    #elif defined(__aarch64__)
        uint64_t ticks;
        __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
        return ticks;
    #else
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    #endif
    }
    #endif
    """
    # The processor's own counter, which goes up at a rate that nobody tells: half the cost of a clock, and no time.
    uint64_t ticks "ouroloop_ticks"() noexcept nogil

cdef int64_t monotonic_ns() noexcept nogil
cdef int64_t resolution_ns() noexcept nogil
