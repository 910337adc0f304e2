"""When a protocol is told to pause writing and to resume: two marks, and which of the two it was told last.

A transport owns one and asks it whenever its queue grows or shrinks.
"""

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    HIGH_WATER = 64 * 1024


cdef class FlowControl:
    """The marks of a transport's write queue."""

    def __cinit__(self):
        self.high_water = HIGH_WATER
        self.low_water = HIGH_WATER // 4

    cdef int set_limits(self, object high, object low, object high_by_default=HIGH_WATER) except -1:
        self.high_water, self.low_water = water_marks(high, low, high_by_default)
        return 0


cdef tuple water_marks(object high, object low, object high_by_default):
    """The high- and the low-water mark in bytes, where one of them, or none, was given.

    Any number will do, also one that no queue ever reaches.
    """
    if high is None:
        high = high_by_default if low is None else 4 * low
    if low is None:
        low = high // 4
    if not high >= low >= 0:
        raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
    return int(min(high, PY_SSIZE_T_MAX)), int(min(low, PY_SSIZE_T_MAX))
