cdef enum:
    # What an operation does after an exception was thrown in.
    WAITS = 0
    OVER = 1
    PASSES_ON = 2    # raises that exception

cdef class Operation:
    cdef object waits_on     # the future that the last step yielded; None before the first step, and for a bare yield
    cdef object value        # what the await gives, once go_on() or interrupt() said that it is over
    cdef bint is_started
    cdef bint is_running
    cdef bint is_over
    cdef object __weakref__

    # For the kinds of operation. True: over, with `value`. False: wait for `waits_on`.
    cdef bint go_on(self) except -1
    # Returns PASSES_ON when it has cleaned up; OVER and WAITS are as above, and swallow the exception.
    cdef int interrupt(self, object error) except -1
    # As in a coroutine's repr: "Lock.acquire". It reads no field: those of a subtype are gone when a warning asks.
    cdef str name(self)
