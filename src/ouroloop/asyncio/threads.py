"""`asyncio.threads`: blocking functions, in a thread."""

from __future__ import annotations

from ouroloop.sync.threads import to_thread

__all__ = ["to_thread"]
