"""`asyncio.locks`: what tasks take turns with."""

from __future__ import annotations

from ouroloop.sync.barrier import Barrier
from ouroloop.sync.condition import Condition
from ouroloop.sync.event import Event
from ouroloop.sync.lock import Lock
from ouroloop.sync.semaphore import BoundedSemaphore, Semaphore

__all__ = ["Barrier", "BoundedSemaphore", "Condition", "Event", "Lock", "Semaphore"]
