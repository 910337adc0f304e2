import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Literal

from ouroloop.sync.entering import Enterable
from ouroloop.sync.waiting import Waiting

class LockCore(Enterable):
    _locked: bool
    _waiters: deque[asyncio.Future[Any]] | None
    def locked(self) -> bool: ...
    def acquire(self) -> Coroutine[Any, Any, Literal[True]]: ...
    def release(self) -> None: ...
    def _wake_up_first(self) -> None: ...

class AcquireLock(Waiting): ...
