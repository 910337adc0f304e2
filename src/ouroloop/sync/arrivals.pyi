from collections.abc import Collection
from typing import Any

from ouroloop.task.follower import Follower

class Arrivals:
    def __init__(self, futures: Collection[Any], waiter: Any, task: Any, return_when: str) -> None: ...
    def unfollow(self) -> None: ...

class Arrival(Follower): ...
