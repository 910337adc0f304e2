"""The tasks of a task group: how they join, and what each one's end does to the others.

The first task that fails ends the group: the others are cancelled, and so is the task that entered the group, unless
it waits for them already. Errors are collected until the group is left. What happens once for a group (entering it,
leaving it) is `TaskGroup`'s, in Python; this is what happens once for each task.
"""

from ouroloop.task.follower cimport Follower
from ouroloop.task.future cimport CANCELLED, Future
from ouroloop.task.task cimport Task, TaskCore

cdef tuple ENDS_THE_LOOP = (SystemExit, KeyboardInterrupt)


cdef class GroupMembers:
    """What a task group knows of its tasks."""

    def __cinit__(self):
        self._errors = []
        self.members = {}

    @property
    def _tasks(self):
        """The tasks that are not done."""
        return set(self.members)

    def _has_tasks(self):
        return len(self.members) != 0

    def __repr__(self):
        parts = [""]
        if self.members:
            parts.append(f"tasks={len(self.members)}")
        if self._errors:
            parts.append(f"errors={len(self._errors)}")
        if self._aborting:
            parts.append("cancelling")
        elif self._entered:
            parts.append("entered")
        return f"<TaskGroup{' '.join(parts)}>"

    def create_task(self, coro, **kwargs):
        """Runs `coro` as a task of the group. Keywords are those of `asyncio.create_task`.

        Raises RuntimeError when the group is not entered yet, is left, or ends.
        """
        if not self._entered or self._aborting or (self._exiting and not self.members):
            self.refuse_when_closed(coro)
        cdef object task
        if self.core is None and isinstance(self._loop, TaskCore):
            self.core = self._loop
        if not kwargs and self.core is not None and self.core.spawns_natively():
            task = self.core.spawn(coro, None, None, False)
        else:
            task = self._loop.create_task(coro, **kwargs)
        self.add(task)
        return task

    def cancel(self):
        """Ends the group: cancels its tasks and its body, and leaves it without CancelledError.

        Before the group is entered, it is ended as soon as it is. Later calls change nothing.
        """
        if not self._entered:
            self._cancel_on_enter = True
            return
        if self._aborting or (self._exiting and not self.members):
            return
        self._abort()
        if self._parent_task is not None and not self._parent_cancel_requested:
            self._parent_cancel_requested = True
            self._parent_task.cancel()

    def _abort(self):
        """Cancels the tasks; from now on none can join."""
        self._aborting = True
        for task in list(self.members):
            if not task.done():
                task.cancel()

    cdef int refuse_when_closed(self, object coro) except -1:
        coro.close()
        if not self._entered:
            raise RuntimeError(f"TaskGroup {self!r} has not been entered")
        if self._exiting and not self.members:
            raise RuntimeError(f"TaskGroup {self!r} is finished")
        raise RuntimeError(f"TaskGroup {self!r} is shutting down")

    cdef int add(self, object task) except -1:
        cdef Member member = Member.__new__(Member)
        self.members[task] = None
        member.group = self
        member.awaiting = self._parent_task
        member.follow(task)
        if self._aborting and not task.done():
            # It ended the group in its first step, which it took before it joined.
            task.cancel()
        return 0

    cdef int member_done(self, object task) except -1:
        cdef Future future
        self.members.pop(task, None)
        if not self.members and self._on_completed_fut is not None and not self._on_completed_fut.done():
            self._on_completed_fut.set_result(True)
        if type(task) is Task:
            future = <Future>task
            if future.state == CANCELLED or future.error is None:
                return 0
        elif task.cancelled():
            return 0
        error = task.exception()
        if error is not None:
            self.note_error(task, error)
        return 0

    cdef int note_error(self, object task, object error) except -1:
        self._errors.append(error)
        if self._base_error is None and isinstance(error, ENDS_THE_LOOP):
            self._base_error = error
        if self._parent_task.done():
            self._loop.call_exception_handler({
                "message": (
                    f"Task {task!r} has errored out but its parent task {self._parent_task} is already completed"
                ),
                "exception": error,
                "task": task,
            })
        elif not self._aborting and not self._parent_cancel_requested:
            # The body must stop too; leaving the group takes the cancellation back.
            self._abort()
            self._parent_cancel_requested = True
            self._parent_task.cancel()
        return 0


cdef class Member(Follower):
    """Tells the group that one of its tasks is done."""

    cdef int run(self) except -1:
        return self.group.member_done(self.followed)
