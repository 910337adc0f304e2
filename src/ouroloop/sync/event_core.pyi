import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Literal

from ouroloop.sync.loop_bound import LoopBound
from ouroloop.sync.waiting import Waiting

class EventCore(LoopBound):
    _value: bool
    _waiters: deque[asyncio.Future[Any]]
    def is_set(self) -> bool: ...
    def set(self) -> None: ...
    def clear(self) -> None: ...
    def wait(self) -> Coroutine[Any, Any, Literal[True]]: ...

class WaitEvent(Waiting): ...
