"""`asyncio.queues`: what tasks hand things over through."""

from __future__ import annotations

from asyncio.queues import QueueEmpty, QueueFull

from ouroloop.sync.queue import LifoQueue, PriorityQueue, Queue
from ouroloop.sync.queue_shut_down import QueueShutDown

__all__ = ["LifoQueue", "PriorityQueue", "Queue", "QueueEmpty", "QueueFull", "QueueShutDown"]
