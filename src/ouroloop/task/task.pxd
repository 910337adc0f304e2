from cpython.ref cimport PyObject
from libc.stdint cimport uint64_t

from ouroloop.loop.core cimport LoopCore
from ouroloop.task.future cimport Future

cdef class Task(Future):
    cdef object coro
    cdef object context              # that every step runs in, or its variables (late_context.pxd)
    cdef object waits_on             # the future that the coroutine awaits, or None
    cdef object name                 # str, or None: a default name that nobody has asked for yet
    cdef uint64_t number             # in the default name
    cdef TaskCore tasks              # the core whose list holds it; None outside a list
    cdef Task next_task              # in the core's list, newer
    cdef Task previous_task          # in the core's list, older
    cdef int cancels_requested
    cdef bint must_cancel            # the next step throws CancelledError into the coroutine
    cdef bint log_destroy_pending

    cdef int set_up(self, object coro, object loop, object name, object context) except -1
    cdef int start(self, bint eagerly) except -1
    cdef int run_eagerly(self) except -1
    cdef int step(self, object error, LoopCore runner) except -1
    cdef int advance(self, object error) except -1
    cdef int suspend(self, object yielded) except -1
    cdef int suspend_on_foreign(self, object yielded, object blocking) except -1
    cdef int fail_next_step(self, str message) except -1
    cdef int complete(self, object value) except -1
    cdef int fail_with(self, object error) except -1
    cdef int report_pending(self) except -1
    cdef int queue_step(self) except -1

cdef class TaskCore(LoopCore):
    cdef Task first_task             # pending tasks, oldest first: the loop keeps them alive
    cdef Task last_task
    cdef object task_factory         # callable or None
    cdef bint has_own_create_task    # a subclass overrides create_task(): nothing may go round it

    cdef int forget_last_step(self) except -1
    cdef int track_all(self) except -1
    cdef bint spawns_natively(self) except -1
    cdef Task spawn(self, object coro, object name, object context, bint eagerly)
    cdef int link(self, Task task) except -1
    cdef int unlink(self, Task task) except -1
