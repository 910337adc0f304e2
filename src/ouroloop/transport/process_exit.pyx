"""Waits for the end of one child process, and takes its exit code.

The poller watches a descriptor of the process (pidfd), so no signal handler and no thread is needed, and loops in any
thread may wait. The child is reaped as soon as the poller reports it, before any callback runs that might wait for
children of its own. Until then its number cannot be given to another process, so a signal always reaches the child.

Where the kernel or a sandbox refuses such a descriptor, `needs_thread` is set, and whoever made this has a thread wait
without reaping, and then call `look`.

An exit code is what the kernel says. Where another part of the program has taken it, newer kernels still tell; else it
is 255 with a warning, as with the standard library.
"""

import logging
import operator
import os

from cpython.ref cimport PyObject
from libc.errno cimport EAGAIN, ECHILD, ENOSYS, EPERM, ESRCH

from ouroloop.kernel.errors cimport os_error
from ouroloop.kernel.process cimport exit_code_of_reaped, open_process, reap_child, signal_process
from ouroloop.kernel.sockets cimport close_descriptor
from ouroloop.loop.core cimport LoopCore, Watcher
from ouroloop.loop.handle cimport new_handle
from ouroloop.loop.spare_memory cimport track
from ouroloop.poller.poller cimport READABLE

cdef enum:
    LOST_EXIT_CODE = 255

cdef object logger = logging.getLogger("asyncio")


cdef class ProcessExit(Watcher):
    """ProcessExit(loop, process, ended)
--

    Watches a child until it has ended; then `ended()` is called by the loop, once, with `process.returncode` set.

    process: a `subprocess.Popen` that nobody else waits for.
    """

    def __init__(self, LoopCore loop not None, process, ended):
        cdef int descriptor
        self.core = loop
        self.process = process
        self.pid = process.pid
        self.ended = new_handle(ended, (), loop, None)
        track(<PyObject *>self.ended)
        self.descriptor = -1
        descriptor = open_process(self.pid)
        if descriptor == -ESRCH:
            # Somebody has reaped it already, or the program ignores SIGCHLD.
            self.look()
        elif descriptor < 0:
            self.needs_thread = True
        else:
            self.descriptor = descriptor
            try:
                loop.watch(descriptor, READABLE, self)
            except OSError:
                self.close()
                self.needs_thread = True

    def __dealloc__(self):
        if self.descriptor > 0:
            close_descriptor(self.descriptor)

    cdef int notify(self, int events, LoopCore core) except -1:
        return self.finish() if self.reap() else 0

    def has_ended(self):
        """True once the child has ended; reaps it. `ended()` is still to come then."""
        lock = self.process._waitpid_lock
        if not lock.acquire(False):
            # Another thread waits for the child, and holds the lock until the child has ended.
            return False
        try:
            return bool(self.reap_locked())
        finally:
            lock.release()

    def look(self):
        """Has `ended()` called if the child has ended."""
        if self.ended is not None and self.reap():
            self.finish()

    def send_signal(self, number):
        """Sends a signal to the child; to nobody once it has been reaped. Raises OSError."""
        cdef int result = -ENOSYS
        number = operator.index(number)
        if self.process.returncode is not None:
            return
        if self.descriptor >= 0:
            result = signal_process(self.descriptor, number)
        if result == -ENOSYS or result == -EPERM:
            # A sandbox may refuse the newer call only.
            os.kill(self.pid, number)
        elif result < 0:
            raise os_error(-result)

    def close(self):
        """Stops watching. The child is not touched."""
        cdef int descriptor = self.descriptor
        if descriptor < 0:
            return
        self.descriptor = -1
        if not self.core.closed:
            self.core.watch(descriptor, 0, self)
        close_descriptor(descriptor)

    cdef int finish(self) except -1:
        cdef object ended = self.ended
        self.ended = None
        self.close()
        return self.core.push(ended)

    cdef int reap(self) except -1:
        """As `reap_locked`; to be called once the child has ended, or nearly: only then is the lock soon free."""
        # Who polls the Popen object itself, in whatever thread, takes the exit code under this lock too.
        with self.process._waitpid_lock:
            return self.reap_locked()

    cdef int reap_locked(self) except -1:
        """Sets `process.returncode` if the child has ended, and says whether it has."""
        cdef int exit_code = 0
        cdef int result
        process = self.process
        if process.returncode is not None:
            return 1
        result = reap_child(self.pid, self.descriptor, &exit_code)
        if result == 0:
            return 0
        if result == -ECHILD:
            result = exit_code_of_reaped(self.descriptor, &exit_code)
            if result == -EAGAIN:
                # The poller goes on reporting it, and soon it is known.
                return 0
            if result < 0:
                exit_code = LOST_EXIT_CODE
                logger.warning(
                    "child process pid %d exit status already read:  will report returncode 255", self.pid
                )
        elif result < 0:
            raise os_error(-result)
        process.returncode = exit_code
        return 1
