from collections.abc import Coroutine
from types import TracebackType
from typing import Any

from ouroloop.sync.loop_bound import LoopBound
from ouroloop.task.operation import Operation

class Enterable(LoopBound):
    def __aenter__(self) -> Coroutine[Any, Any, None]: ...
    def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> Coroutine[Any, Any, None]: ...

class Leave(Operation): ...
