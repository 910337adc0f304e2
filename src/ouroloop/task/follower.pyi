from typing import Any

from ouroloop.loop.handle import Runnable

class Follower(Runnable):
    def __call__(self, future: Any, /) -> None: ...
    @property
    def awaiting_task(self) -> Any: ...
