"""The semaphores that users hold; `semaphore_core` has what they do."""

from __future__ import annotations

import asyncio

from ouroloop.sync.semaphore_core import BoundedSemaphoreCore, SemaphoreCore


class Semaphore(SemaphoreCore, asyncio.Semaphore):
    """A number of places, given in the order in which they were asked for. As `asyncio.Semaphore`.

    value: how many are free at first. Raises ValueError when it is negative.
    """


class BoundedSemaphore(BoundedSemaphoreCore, Semaphore, asyncio.BoundedSemaphore):
    """A semaphore that refuses to be released more often than it was acquired. As `asyncio.BoundedSemaphore`."""
