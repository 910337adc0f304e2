cdef class FlowControl:
    cdef Py_ssize_t high_water      # bytes queued above which the protocol is told to pause
    cdef Py_ssize_t low_water       # bytes queued at or below which it is told to resume
    cdef bint is_paused             # pause_writing was called last

    # In bytes; where one is None it follows from the other.
    cdef int set_limits(self, object high, object low, object high_by_default=*) except -1
    cdef inline bint pauses_at(self, Py_ssize_t size) noexcept:
        # True, once, when the protocol must be told to pause.
        if size <= self.high_water or self.is_paused:
            return False
        self.is_paused = True
        return True
    cdef inline bint resumes_at(self, Py_ssize_t size) noexcept:
        # True, once, when the protocol must be told to resume.
        if size > self.low_water or not self.is_paused:
            return False
        self.is_paused = False
        return True

cdef tuple water_marks(object high, object low, object high_by_default)
