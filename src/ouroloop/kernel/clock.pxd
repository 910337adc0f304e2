# The monotonic clock, the same one as `time.monotonic()`, and the processor's counter. No module: all of it is inline.

from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    """
    #include <stdint.h>
    #include <time.h>
    #if defined(__x86_64__)
    #include <x86intrin.h>
    #endif
    #ifndef OUROLOOP_CLOCK
    #define OUROLOOP_CLOCK
    static inline int64_t ouroloop_monotonic_ns(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    }

    static inline int64_t ouroloop_resolution_ns(void) {
        struct timespec resolution;
        clock_getres(CLOCK_MONOTONIC, &resolution);
        return (int64_t)resolution.tv_sec * 1000000000 + resolution.tv_nsec;
    }

    static inline uint64_t ouroloop_ticks(void) {
    #if defined(__x86_64__)
        return __rdtsc();
    #elif defined(__aarch64__)
        uint64_t ticks;
        __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
        return ticks;
    #else
        return (uint64_t)ouroloop_monotonic_ns();
    #endif
    }
    #endif
    """
    int64_t monotonic_ns "ouroloop_monotonic_ns"() noexcept nogil
    int64_t resolution_ns "ouroloop_resolution_ns"() noexcept nogil
    # A counter that goes up at a rate that nobody tells: half the cost of a clock, and no time.
    uint64_t ticks "ouroloop_ticks"() noexcept nogil
