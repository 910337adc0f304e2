"""What every poller shares: who watches which descriptor, and how a sleeping poller is woken.

One owner a descriptor. `watch()` says what the owner waits for; `wait()` sleeps and leaves in `ready` what happened.
A descriptor number may be closed and given out again while an event for its earlier user still stands in `ready`:
each registration counts `uses` up, and `is_current()` tells such an event from a live one.

`wake()` may be called from any thread that holds the GIL. It costs a system call only while the poller sleeps, and one
for each sleep at most. The GIL is let go for that call: the thread that wakes wants it at once. So its byte may come
after the sleep has ended in another way, and ends the next one early. The interpreter's signal handler writes to the
same pipe (`signal.set_wakeup_fd`), so a signal that arrives between the last look at pending signals and the system
call still ends the sleep.

The loop's core calls this. A kind of poller overrides `apply` and `sleep`.
"""

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdlib cimport free, realloc
from libc.string cimport memset
from posix.fcntl cimport F_GETFD, fcntl
from posix.unistd cimport close, read, usleep, write

from ouroloop.kernel cimport clock
from ouroloop.kernel.errors cimport os_error
from ouroloop.kernel.fork cimport fork_depth

import os

cdef extern from *:
    """
    static inline int ouroloop_change_by(int *number, int difference) {
        return __atomic_add_fetch(number, difference, __ATOMIC_SEQ_CST);
    }
    """
    # Changes a number that several threads change, and returns what it is now.
    int change_by "ouroloop_change_by"(int *number, int difference) noexcept nogil


cdef enum:
    CLOSE_WAITS_MAX = 1000  # of ten microseconds each


cdef class Poller:
    """Watches descriptors for readiness. Abstract: `open_poller()` makes one of the kinds."""

    def __cinit__(self):
        self.home = fork_depth()
        self.owners = []
        self.wake_reader = self.wake_writer = -1
        self.wake_reader, self.wake_writer = os.pipe()
        for end in (self.wake_reader, self.wake_writer):
            os.set_blocking(end, False)

    def __dealloc__(self):
        if not self.is_closed and self.wake_writer > 0:
            close(self.wake_reader)
            close(self.wake_writer)
        free(self.interest)
        free(self.uses)
        free(self.ready)

    @property
    def wakeup_fd(self):
        """The descriptor for `signal.set_wakeup_fd`; -1 once the poller is closed."""
        return self.wake_writer

    @property
    def watched_count(self):
        """How many descriptors are watched."""
        return self.watched

    def close(self):
        """Gives back every descriptor of the poller's own. Owners are forgotten, not told."""
        if self.is_closed:
            return
        self.is_closed = True
        self.owners = []
        self.capacity = self.watched = 0
        # A thread that writes to the pipe needs no lock to end that, so it is waited for. Where it takes long, it is
        # the one to close the pipe. A forked child has none of these threads.
        cdef bint is_at_home = self.home == fork_depth()
        cdef int waits = 0
        while is_at_home and change_by(&self.waking, 0) != 0 and waits < CLOSE_WAITS_MAX:
            usleep(10)
            waits += 1
        if not is_at_home or change_by(&self.waking, 0) == 0:
            self.close_pipe()

    cdef int watch(self, int fd, int interest, object owner, bint refresh=False) except -1:
        """Says that `owner` waits for `interest` on `fd`; no interest means that nobody watches it any more.

        `refresh` tells the kernel even when nothing changed here: the number may have been closed and given out anew.
        Raises OSError where the kernel refuses the descriptor; nothing has changed then.
        """
        cdef int before
        if fd >= self.capacity:
            if interest == 0:
                return 0
            # Room is made by the number, so a number that nobody has must not get that far.
            if fcntl(fd, F_GETFD) < 0:
                raise os_error(errno)
            self.grow(fd)
        before = self.interest[fd]
        if before & LINGERS:
            # The number may be somebody else's by now; events of what lingered are not for its new owner.
            before &= ~LINGERS
            self.uses[fd] += 1
            refresh = True
        # A forked child shares the kernel's record with its parent, and must not touch it.
        if (before != interest or refresh) and self.home == fork_depth():
            self.apply(fd, before, interest)
        self.interest[fd] = interest
        self.owners[fd] = owner if interest else None
        if before == 0 and interest != 0:
            self.watched += 1
        elif before != 0 and interest == 0:
            self.watched -= 1
            self.uses[fd] += 1
        return 0

    cdef int linger(self, int fd) except -1:
        """Nobody waits for `fd` now, but somebody soon will: the kernel need not be told twice."""
        self.interest[fd] |= LINGERS
        self.may_have_orphans = True
        return 0

    cdef int resume(self, int fd) noexcept:
        """Who let it linger waits again. It has made sure that the number still means the same file."""
        self.interest[fd] &= ~LINGERS
        return 0

    cdef int remember(self, int fd, object owner) except -1:
        """Keeps the owner of a descriptor that nobody watches, for the next time."""
        if self.interest[fd] == 0:
            self.owners[fd] = owner
        return 0

    cdef int end_lingering(self, int fd, int interest, object owner) except -1:
        """Something has happened on `fd` while it lingered."""
        if not self.unregister(fd):
            self.found_orphan()
        self.interest[fd] = 0
        self.watched -= 1
        self.uses[fd] += 1
        if interest:
            return self.watch(fd, interest, owner)
        return self.remember(fd, owner)

    cdef int found_orphan(self) except -1:
        """An event came for a descriptor that was closed while a copy of it lives on, in another process perhaps.

        Only a new set of registrations gets rid of it.
        """
        if self.may_have_orphans:
            self.renew()
        return 0

    cdef Py_ssize_t wait(self, int64_t timeout_ns) except -1:
        """Sleeps until something is ready, somebody wakes, or the time is over; a negative time is endless.

        Returns how many entries of `ready` are filled. A signal ends the sleep early, with none.
        """
        cdef Py_ssize_t count
        self.is_sleeping = timeout_ns != 0
        try:
            count = self.sleep(timeout_ns)
        finally:
            self.is_sleeping = False
        if self.is_woken:
            self.drain()
        return count

    cdef int wake(self) except -1:
        """Ends the sleep of `wait()`, if it sleeps."""
        if not self.is_sleeping or self.is_woken:
            return 0
        cdef Py_ssize_t count
        cdef int failure
        self.is_woken = True
        self.wake_count += 1
        change_by(&self.waking, 1)
        # Without the lock, which the thread that wakes would only come to wait for.
        with nogil:
            count = write(self.wake_writer, b"\0", 1)
            while count < 0 and errno == EINTR:
                count = write(self.wake_writer, b"\0", 1)
            failure = errno if count < 0 else 0
            change_by(&self.waking, -1)
        if self.is_closed and self.wake_writer >= 0 and change_by(&self.waking, 0) == 0:
            self.close_pipe()
        # A full pipe wakes too, so EAGAIN is no failure.
        if failure != 0 and failure != EAGAIN:
            raise os_error(failure)
        return 0

    cdef int close_pipe(self) except -1:
        close(self.wake_reader)
        close(self.wake_writer)
        self.wake_reader = self.wake_writer = -1
        return 0

    cdef int64_t now_ns(self) noexcept:
        """The loop's clock. A virtual clock's poller overrides it."""
        return clock.monotonic_ns()

    cdef int64_t resolution_ns(self) noexcept:
        return clock.resolution_ns()

    cdef bint unregister(self, int fd) noexcept:
        return True

    cdef int renew(self) except -1:
        return 0

    cdef int apply(self, int fd, int before, int after) except -1:
        raise NotImplementedError("a kind of poller tells the kernel")

    cdef Py_ssize_t sleep(self, int64_t timeout_ns) except -1:
        raise NotImplementedError("a kind of poller sleeps")

    cdef int drain(self) except -1:
        """Empties the pipe that wakes, and keeps the signal numbers that were in it: every byte but `wake()`'s zero."""
        cdef char found[512]
        cdef Py_ssize_t count, index
        self.is_woken = False
        while True:
            count = read(self.wake_reader, found, sizeof(found))
            if count < 0 and errno == EINTR:
                continue
            for index in range(count):
                if found[index] != 0:
                    if self.signals is None:
                        self.signals = bytearray()
                    self.signals.append(<unsigned char>found[index])
            if count < <Py_ssize_t>sizeof(found):
                return 0

    cdef bytearray take_signals(self):
        """The signal numbers that arrived, in order, or None."""
        cdef bytearray signals = self.signals
        self.signals = None
        return signals

    cdef int grow(self, int fd) except -1:
        """Makes room for descriptors up to `fd`."""
        cdef Py_ssize_t capacity = max(64, self.capacity)
        while capacity <= fd:
            capacity *= 2
        cdef unsigned char *interest = <unsigned char *>realloc(self.interest, capacity)
        if interest == NULL:
            raise MemoryError()
        self.interest = interest
        cdef uint32_t *uses = <uint32_t *>realloc(self.uses, capacity * sizeof(uint32_t))
        if uses == NULL:
            raise MemoryError()
        self.uses = uses
        memset(interest + self.capacity, 0, capacity - self.capacity)
        memset(uses + self.capacity, 0, (capacity - self.capacity) * sizeof(uint32_t))
        self.owners.extend([None] * (capacity - len(self.owners)))
        self.capacity = capacity
        return 0

    cdef int grow_ready(self) except -1:
        """Doubles the room for what one `wait()` can find."""
        cdef Py_ssize_t capacity = max(256, self.ready_capacity * 2)
        cdef Readiness *ready = <Readiness *>realloc(self.ready, capacity * sizeof(Readiness))
        if ready == NULL:
            raise MemoryError()
        self.ready = ready
        self.ready_capacity = capacity
        return 0
