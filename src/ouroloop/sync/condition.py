"""The condition that users hold; `condition_core` has what it does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ouroloop.sync.condition_core import ConditionCore

if TYPE_CHECKING:
    from collections.abc import Callable


class Condition(ConditionCore, asyncio.Condition):
    """Lets tasks that hold a lock wait for each other's changes. As `asyncio.Condition`.

    lock: what to use; None makes a `Lock`.
    """

    async def wait_for(self, predicate: Callable[[], Any]) -> Any:
        """Waits until `predicate()` is true, and returns what it gave."""
        result = predicate()
        while not result:
            await self.wait()
            result = predicate()
        return result
