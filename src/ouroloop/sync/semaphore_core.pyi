import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Literal

from ouroloop.sync.entering import Enterable
from ouroloop.sync.waiting import Waiting

class SemaphoreCore(Enterable):
    _value: int
    _waiters: deque[asyncio.Future[Any]] | None
    def locked(self) -> bool: ...
    def acquire(self) -> Coroutine[Any, Any, Literal[True]]: ...
    def release(self) -> None: ...
    def _wake_up_next(self) -> Any: ...

class BoundedSemaphoreCore(SemaphoreCore):
    _bound_value: int

class AcquireSemaphore(Waiting): ...
