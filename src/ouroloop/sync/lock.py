"""The lock that users hold; `lock_core` has what it does."""

from __future__ import annotations

import asyncio

from ouroloop.sync.lock_core import LockCore


class Lock(LockCore, asyncio.Lock):
    """Mutual exclusion for tasks, in the order in which they asked. As `asyncio.Lock`.

    `async with lock:` holds it during the block. A lock belongs to no task: anybody may release it.
    """
