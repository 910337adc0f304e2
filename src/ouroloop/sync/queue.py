"""The queues that users hold; `queue_core` and `priority_queue_core` have what they do."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from ouroloop.sync.priority_queue_core import PriorityQueueCore
from ouroloop.sync.queue_core import LifoQueueCore, QueueCore

Item = TypeVar("Item")


class Queue(QueueCore[Item], asyncio.Queue[Item]):
    """Hands items from tasks to tasks: first in, first out. As `asyncio.Queue`.

    maxsize: how many items it takes before `put` waits; 0 or less: any number. A subclass may keep its items otherwise
    by overriding `_init(maxsize)`, `_put(item)` and `_get()`.
    """


class PriorityQueue(PriorityQueueCore[Item], Queue[Item], asyncio.PriorityQueue[Item]):  # type: ignore[type-var]
    """A queue that gives the smallest item first. As `asyncio.PriorityQueue`.

    Items are often tuples: (priority, data). An item that cannot be compared with the others is refused with the
    TypeError of the comparison, and none is lost.
    """


class LifoQueue(LifoQueueCore[Item], Queue[Item], asyncio.LifoQueue[Item]):
    """A queue that gives the newest item first. As `asyncio.LifoQueue`."""
