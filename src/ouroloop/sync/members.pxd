from ouroloop.task.follower cimport Follower
from ouroloop.task.task cimport TaskCore

cdef class GroupMembers:
    cdef public object _loop                 # None until entered, unless its maker chose one
    cdef TaskCore core                       # `_loop` where tasks are made natively
    cdef public object _parent_task          # the task that entered it, until it has left
    cdef public bint _entered
    cdef public bint _exiting
    cdef public bint _aborting               # its tasks were told to end
    cdef public bint _parent_cancel_requested
    cdef public bint _cancel_on_enter
    cdef public object _errors               # list of exceptions of its tasks; None once it has left
    cdef public object _base_error           # the SystemExit or KeyboardInterrupt that ends it, or None
    cdef public object _on_completed_fut     # done when the last task is, or None
    cdef dict members                        # {task: None} of those that are not done, oldest first
    cdef object __weakref__

    cdef int refuse_when_closed(self, object coro) except -1
    cdef int add(self, object task) except -1
    cdef int member_done(self, object task) except -1
    cdef int note_error(self, object task, object error) except -1

cdef class Member(Follower):
    cdef GroupMembers group
