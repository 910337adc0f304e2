"""A handle that any thread may cancel, and be sure: what `call_soon_threadsafe` gives.

While the callback runs, another thread that cancels waits for its end. The wait costs those who wait alone: a handle
that nobody asks for meanwhile makes no lock and no event. The GIL guards its fields.
"""

import asyncio
import threading

from ouroloop.loop.handle cimport Handle
from ouroloop.loop.late_context cimport copy_context, learn_contexts

from ouroloop.loop.describe import describe_handle

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident()

# From Python 3.14 on.
cdef object HANDLE_CONTRACT = getattr(asyncio.events, "_ThreadSafeHandle", asyncio.Handle)


cdef class ThreadSafeHandle(Handle):
    """What `call_soon_threadsafe` gives: after `cancel()`, called in any thread, the callback does not run.

    It has not been called then, or is over: while it runs, other threads wait for its end. Within the callback itself
    nothing waits.
    """

    @property
    def __class__(self):
        return HANDLE_CONTRACT

    def cancel(self):
        """Makes sure that the callback does not run: is never called, or has returned."""
        self.wait_while_running()
        self.revoke()

    def cancelled(self):
        """True once `cancel()` was called. Another thread waits for a callback that runs."""
        self.wait_while_running()
        return self._cancelled

    def _repr_info(self):
        return describe_handle(self, "_ThreadSafeHandle")

    cdef int run(self) except -1:
        self.running_in = PyThread_get_thread_ident()
        try:
            return Handle.run(self)
        finally:
            self.running_in = 0
            if self.over is not None:
                self.over.set()
                self.over = None

    cdef int wait_while_running(self) except -1:
        if self.running_in == 0 or self.running_in == PyThread_get_thread_ident():
            return 0
        cdef object over = threading.Event()
        # Making it may have let the callback end. From here to the wait nothing else runs.
        if self.running_in == 0:
            return 0
        if self.over is None:
            self.over = over
        else:
            over = self.over
        over.wait()
        return 0


cdef ThreadSafeHandle new_thread_safe_handle(object callback, tuple args, object loop, object context):
    """As `new_handle`."""
    cdef ThreadSafeHandle handle = ThreadSafeHandle.__new__(ThreadSafeHandle)
    handle._callback = callback
    handle._args = args
    handle._loop = loop
    handle.context = copy_context() if context is None else context
    return handle


learn_contexts()
