from collections.abc import Callable
from typing import Any, TypeVar

from ouroloop.sync.queue_core import QueueCore

_Item = TypeVar("_Item")

class PriorityQueueCore(QueueCore[_Item]):
    def _put(self, item: _Item, heappush: Callable[[list[Any], Any], object] = ...) -> None: ...
    def _get(self, heappop: Callable[[list[Any]], Any] = ...) -> _Item: ...
