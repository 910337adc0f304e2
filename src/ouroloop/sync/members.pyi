import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from ouroloop.task.follower import Follower

_Result = TypeVar("_Result")

class GroupMembers:
    _loop: Any
    _parent_task: Any
    _entered: bool
    _exiting: bool
    _aborting: bool
    _parent_cancel_requested: bool
    _cancel_on_enter: bool
    _errors: Any
    _base_error: Any
    _on_completed_fut: Any
    @property
    def _tasks(self) -> set[Any]: ...
    def _has_tasks(self) -> bool: ...
    def create_task(self, coro: Coroutine[Any, Any, _Result], **kwargs: Any) -> asyncio.Task[_Result]: ...
    def cancel(self) -> None: ...
    def _abort(self) -> None: ...

class Member(Follower): ...
