"""`asyncio.locks`: what tasks take turns with."""

from __future__ import annotations

from asyncio.locks import Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore

__all__ = ["Barrier", "BoundedSemaphore", "Condition", "Event", "Lock", "Semaphore"]
