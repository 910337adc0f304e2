"""What both ends of a pipe have as transports: the file object that they own, when they run, and how they end.

A pipe here is a pipe, a FIFO, a socket or a character device; each direction is a transport of its own. The file object
that the user gave is closed once, after its descriptor has left the poller. Where another transport of the loop has the
same descriptor already (a terminal that is read and written), the second one watches a copy, because a descriptor has
one owner in the poller.

`connection_made` comes first, `connection_lost` last and once, each in the context that the transport was made in.
"""

import operator
import warnings

from cpython.ref cimport PyObject
from libc.limits cimport INT_MAX, INT_MIN

from ouroloop.kernel.errors cimport os_error, take_raised
from ouroloop.kernel.pipes cimport copy_descriptor, kind_of_descriptor, set_non_blocking
from ouroloop.kernel.sockets cimport close_descriptor
from ouroloop.loop.core cimport LoopCore
from ouroloop.transport.endpoint cimport Endpoint

cdef extern from "Python.h":
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
    object PyContext_CopyCurrent()
    PyObject *PyObject_CallMethodOneArg(object of, object name, object argument)
    void Py_DECREF(PyObject *owned)


cdef class PipeEnd(Endpoint):
    """One end of a pipe: a file object, and the protocol that hears of it."""

    def __cinit__(self):
        # Closed, until `take_over` gives it a pipe.
        self.is_closed = True
        self.is_over = True

    def __del__(self):
        if self.fd >= 0:
            if self._pipe is not None:
                warnings.warn(f"unclosed transport {self!r}", ResourceWarning, source=self)
            self.release()

    cdef int take_over(self, LoopCore core, object pipe, object protocol, object waiter, str refusal) except -1:
        """Owns `pipe` from now on. Raises ValueError(refusal) for what is no pipe; the caller keeps it then."""
        cdef int fd = descriptor_number(pipe)
        cdef int kind = kind_of_descriptor(fd)
        cdef int result
        core.check_open()
        if kind < 0:
            raise os_error(-kind)
        if kind == 0:
            raise ValueError(refusal)
        result = set_non_blocking(fd)
        if result < 0:
            raise os_error(-result)
        self.check_protocol(protocol)
        if core._transport_of(fd) is not None:
            fd = copy_descriptor(fd)
            if fd < 0:
                raise os_error(-fd)
            self.is_copy = True
        self._pipe = pipe
        self.kind = kind
        self.protocol = protocol
        self.waiter = waiter
        self.context = PyContext_CopyCurrent()
        self._loop = core
        self.core = core
        self.fd = fd
        self.is_closed = False
        self.is_over = False
        core.own(fd, self)
        return self.queue_run()

    # What a user asks

    def get_extra_info(self, name, default=None):
        """"pipe": the file object, also once it is closed; `default` for anything else."""
        if self.extra is None:
            self.extra = {} if self._pipe is None else {"pipe": self._pipe}
        return self.extra.get(name, default)

    def set_protocol(self, protocol):
        """Gives what happens from now on to `protocol`."""
        self.protocol = protocol

    def is_closing(self):
        """True once the transport is closed or about to be."""
        return self.is_closed

    # Run by the loop

    cdef int notify(self, int events, LoopCore core) except -1:
        self.pending |= events
        return self.queue_run()

    cdef int queue_run(self) except -1:
        if self.is_queued:
            return 0
        self.is_queued = True
        return self.core.push(self)

    cdef int run(self) except -1:
        cdef int pending = self.pending
        self.is_queued = False
        self.pending = 0
        PyContext_Enter(self.context)
        try:
            if not self.is_started:
                return self.begin()
            if not self.is_over:
                self.go_on(pending)
                if self.is_always_ready:
                    self.update_interest()
        finally:
            PyContext_Exit(self.context)
        return 0

    cdef int go_on(self, int pending) except -1:
        """Reads or writes, as the poller has reported."""
        raise NotImplementedError("each end of a pipe says what it does")

    cdef int interest(self) noexcept:
        """READABLE | WRITABLE: what the end waits for now."""
        return 0

    cdef int begin(self) except -1:
        """Tells the protocol of its pipe, and starts."""
        cdef PyObject *result
        cdef object error = None
        cdef object waiter = self.waiter
        self.is_started = True
        result = PyObject_CallMethodOneArg(self.protocol, "connection_made", self)
        if result != NULL:
            Py_DECREF(result)
        else:
            error = take_raised()
        self.update_interest()
        self.waiter = None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
            # What has arrived already is read before anything that who waits calls soon.
            self.core.ask_poller_next()
        return 0 if error is None else self.report(error, "connection_made", (self,))

    cdef int update_interest(self) except -1:
        """Has the poller watch for what this end waits for now."""
        cdef int interest = 0
        if self.fd < 0 or self.core.closed:
            return 0
        if self.is_started and not self.is_over:
            interest = self.interest()
        if not self.is_always_ready:
            try:
                return self.core.watch(self.fd, interest, self)
            except PermissionError:
                # epoll refuses devices such as /dev/null and /dev/zero, which never block.
                self.is_always_ready = True
            except OSError as error:
                # The system has no room to watch it: nobody would ever hear of it again.
                if self.waiter is not None and not self.waiter.done():
                    self.waiter.set_exception(error)
                return self.end(error)
        if interest:
            self.pending |= interest
            self.queue_run()
        return 0

    cdef bint is_watched(self, int interest) noexcept:
        if self.is_always_ready:
            return self.is_queued and self.pending & interest
        return not self.core.closed and self.core.poller_watches(self.fd) & interest

    # Ending

    cdef int end(self, object error) except -1:
        """Stops, and queues `connection_lost(error)`, once."""
        self.is_closed = True
        if self.is_over:
            return 0
        self.core.check_open()
        self.is_over = True
        self.update_interest()
        return self.lose(error)

    cdef int release(self) except -1:
        """Closes the file object, after its descriptor has left the poller."""
        cdef int fd = self.fd
        pipe = self._pipe
        if fd < 0:
            return 0
        self.get_extra_info("pipe")
        self.is_closed = self.is_over = True
        if not self.core.closed and not self.is_always_ready:
            self.core.watch(fd, 0, self)
        self.core.disown(fd)
        self.fd = -1
        self._pipe = None
        if self.is_copy:
            close_descriptor(fd)
        if pipe is not None:
            pipe.close()
        return 0


cdef int descriptor_number(object pipe) except? -1:
    """What `fileno()` says, if it is an integer: C would take 1.5 for one."""
    number = operator.index(pipe.fileno())
    if not INT_MIN <= number <= INT_MAX:
        raise OverflowError("Python int too large to convert to C int")
    return number
