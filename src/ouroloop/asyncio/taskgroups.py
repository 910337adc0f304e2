"""`asyncio.taskgroups`: tasks that end together."""

from __future__ import annotations

from ouroloop.sync.task_group import TaskGroup

__all__ = ["TaskGroup"]
