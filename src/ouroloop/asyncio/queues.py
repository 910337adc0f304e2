"""`asyncio.queues`: what tasks hand things over through."""

from __future__ import annotations

from asyncio.queues import LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull

__all__ = ["LifoQueue", "PriorityQueue", "Queue", "QueueEmpty", "QueueFull"]
