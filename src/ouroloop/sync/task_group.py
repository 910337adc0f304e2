"""`TaskGroup`: tasks that end together.

Leaving the group waits for every task that it made. The first that fails, an exception in the body, or a cancellation
from outside ends the others; what failed comes out as one ExceptionGroup. Cancellations are counted exactly: the group
takes back what it asked for itself, and passes on what others asked for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ouroloop.sync.members import GroupMembers
from ouroloop.task.registry import current_task

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class TaskGroup(GroupMembers, asyncio.TaskGroup):  # type: ignore[misc, override, unused-ignore]
    """Runs tasks that end together, as `asyncio.TaskGroup` of Python 3.15.

    ::

        async with TaskGroup() as group:
            group.create_task(one())
            group.create_task(two())

    The block is left once all of them are done. When one fails, the others are cancelled, and what failed is raised as
    an ExceptionGroup.
    """

    def __init__(self) -> None:
        """A group without tasks; `GroupMembers` starts as one."""

    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError(f"TaskGroup {self!r} has already been entered")
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        self._parent_task = current_task(self._loop)
        if self._parent_task is None:
            raise RuntimeError(f"TaskGroup {self!r} cannot determine the parent task")
        self._entered = True
        if self._cancel_on_enter:
            self.cancel()
        return self

    async def __aexit__(  # type: ignore[override]
        self, et: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> bool | None:
        # Exceptions hold frames, and these frames hold the exceptions: every name is dropped on the way out, so that
        # no reference cycle is left.
        del tb
        try:
            return await self._aexit(exc)
        finally:
            self._parent_task = None
            self._errors = None
            self._base_error = None
            del exc

    async def _aexit(self, error: BaseException | None) -> bool:
        cancelled = error if isinstance(error, asyncio.CancelledError) else None
        late_cancelled: BaseException | None = None
        try:
            self._exiting = True
            if self._base_error is None and isinstance(error, (SystemExit, KeyboardInterrupt)):
                self._base_error = error
            if error is not None and not self._aborting:
                self._abort()
            # A loop, because the wait itself may be cancelled, and more than once.
            while self._has_tasks():
                if self._on_completed_fut is None:
                    self._on_completed_fut = self._loop.create_future()
                try:
                    await self._on_completed_fut
                except asyncio.CancelledError as request:
                    late_cancelled = request
                    if not self._aborting:
                        cancelled = request
                        self._abort()
                self._on_completed_fut = None
            self._raise_outcome(error, cancelled, late_cancelled)
            return True
        finally:
            cancelled = late_cancelled = error = None

    def _raise_outcome(
        self,
        error: BaseException | None,
        cancelled: BaseException | None,
        late_cancelled: BaseException | None,
    ) -> None:
        """Raises what must leave the group, if anything must.

        error: what left the body. cancelled: the cancellation to pass on. late_cancelled: the last one that came while
        the group waited for its tasks.
        """
        try:
            if self._base_error is not None:
                self._report_what_is_not_raised()
                raise self._base_error
            if self._parent_cancel_requested:
                # One of the requests to cancel was the group's own.
                if self._parent_task.uncancel() == 0:
                    cancelled = None
                elif cancelled is None:
                    cancelled = late_cancelled
            if cancelled is not None and not self._errors:
                raise cancelled
            if error is not None and not isinstance(error, asyncio.CancelledError):
                self._errors.append(error)
            if self._errors:
                self._raise_errors(error)
        finally:
            cancelled = late_cancelled = error = None

    def _report_what_is_not_raised(self) -> None:
        """What the exception that ends the program leaves no room for is at least reported."""
        for error in self._errors:
            if error is self._base_error:
                continue
            self._loop.call_exception_handler(
                {
                    "message": "TaskGroup task exception was not propagated because the TaskGroup body is being "
                    "closed with a BaseException",
                    "exception": error,
                    "task_group": self,
                }
            )

    def _raise_errors(self, body_error: BaseException | None) -> None:
        try:
            if self._parent_task.cancelling():
                # Somebody outside cancels the task as well: that request must reach its next await.
                self._parent_task.uncancel()
                self._parent_task.cancel()
            if isinstance(body_error, GeneratorExit) and len(self._errors) == 1:
                # The group stands in an asynchronous generator that is being closed.
                raise body_error
            raise BaseExceptionGroup("unhandled errors in a TaskGroup", self._errors) from None
        finally:
            body_error = None
