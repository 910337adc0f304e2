"""When a protocol is told to pause writing and to resume: two marks, and which of the two it was told last.

A transport owns one and asks it whenever its queue grows or shrinks.
"""

cdef enum:
    HIGH_WATER = 64 * 1024


cdef class FlowControl:
    """The marks of a transport's write queue."""

    def __cinit__(self):
        self.high_water = HIGH_WATER
        self.low_water = HIGH_WATER // 4

    cdef int set_limits(self, object high, object low) except -1:
        """Sets the marks, in bytes; as the standard library fills in the one that is None."""
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self.high_water = high
        self.low_water = low
        return 0
