from libc.stdint cimport int64_t, uint32_t

cdef enum:
    READABLE = 1
    WRITABLE = 2
    LINGERS = 4       # registered with the kernel still, although nobody waits

cdef struct Readiness:
    int fd
    int events        # READABLE | WRITABLE
    uint32_t use      # which use of the descriptor the event belongs to

cdef class Poller:
    cdef list owners             # by descriptor: who is told; None where nobody is
    cdef unsigned char *interest  # by descriptor: READABLE | WRITABLE | LINGERS, 0 where nobody is
    cdef uint32_t *uses          # by descriptor: counts its registrations, so that an old event is known as old
    cdef Py_ssize_t capacity     # descriptors that the three above have room for
    cdef Py_ssize_t watched      # descriptors with an interest
    cdef Readiness *ready        # what the last wait() found
    cdef Py_ssize_t ready_capacity
    cdef int wake_reader         # pipe: wait() sleeps on this end
    cdef int wake_writer         # wake() and the interpreter's signal handler write to this end
    cdef bytearray signals       # numbers that the interpreter's signal handler wrote, None where there are none
    cdef bint may_have_orphans   # a registration has lingered, whose descriptor may have been closed elsewhere
    cdef bint is_sleeping        # inside wait() without the GIL, with a timeout that is not zero
    cdef bint is_woken           # a byte was written for this sleep
    cdef int waking              # threads that are about to write one; changed by `change_by` alone
    cdef readonly bint is_closed
    cdef int home                # fork depth of the process that opened it
    cdef readonly long long wake_count  # system calls that wake() made

    cdef int watch(self, int fd, int interest, object owner, bint refresh=*) except -1
    cdef int close_pipe(self) except -1
    cdef inline bint is_current(self, Readiness *event) noexcept:
        return (
            event.fd < self.capacity
            and self.uses[event.fd] == event.use
            and (self.interest[event.fd] & event.events) != 0
        )
    cdef int linger(self, int fd) except -1
    cdef int resume(self, int fd) noexcept
    cdef int remember(self, int fd, object owner) except -1
    cdef int end_lingering(self, int fd, int interest, object owner) except -1
    cdef int found_orphan(self) except -1
    cdef Py_ssize_t wait(self, int64_t timeout_ns) except -1
    cdef int wake(self) except -1
    cdef bytearray take_signals(self)
    cdef int64_t now_ns(self) noexcept
    cdef int64_t resolution_ns(self) noexcept
    # For the kinds of poller:
    cdef bint unregister(self, int fd) noexcept
    cdef int renew(self) except -1
    cdef int apply(self, int fd, int before, int after) except -1
    cdef Py_ssize_t sleep(self, int64_t timeout_ns) except -1
    cdef int drain(self) except -1
    cdef int grow(self, int fd) except -1
    cdef int grow_ready(self) except -1
