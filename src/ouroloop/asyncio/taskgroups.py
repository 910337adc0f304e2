"""`asyncio.taskgroups`: tasks that end together."""

from __future__ import annotations

from asyncio.taskgroups import TaskGroup

__all__ = ["TaskGroup"]
