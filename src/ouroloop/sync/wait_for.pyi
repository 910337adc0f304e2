from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from ouroloop.task.operation import Operation

_Result = TypeVar("_Result")

class WaitFor(Operation):
    @property
    def _awaits(self) -> Any: ...

def wait_for(fut: Awaitable[_Result], timeout: float | None) -> Coroutine[Any, Any, _Result]: ...
