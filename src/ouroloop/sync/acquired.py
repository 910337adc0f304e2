"""Entering an `async with` block by an `acquire()` that is not ours."""

from __future__ import annotations

from typing import Any


async def acquire_by_method(lock: Any) -> None:
    """Acquires a lock whose class overrides `acquire`, or on which it was replaced."""
    await lock.acquire()
