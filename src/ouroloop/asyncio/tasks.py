"""`asyncio.tasks`: tasks, and waiting for several things at once.

The record of which task runs is the interpreter's, one for everybody: the functions that write it are the standard
library's own.
"""
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

from asyncio.tasks import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    FIRST_EXCEPTION,
    _enter_task,
    _leave_task,
    _register_task,
    _unregister_task,
)
from typing import TYPE_CHECKING

from ouroloop.sync.as_completed import as_completed
from ouroloop.sync.threads import run_coroutine_threadsafe
from ouroloop.sync.wait_for import wait_for
from ouroloop.task.registry import all_tasks, current_task
from ouroloop.task.start import create_eager_task_factory, create_task, eager_task_factory

if TYPE_CHECKING:
    # As the future; and the types of what gives one future for many cannot be said twice.
    from asyncio.tasks import Task, ensure_future, gather, shield, sleep, wait
else:
    from ouroloop.sync.gather import gather
    from ouroloop.sync.shield import shield
    from ouroloop.sync.sleep import sleep
    from ouroloop.sync.wait import wait
    from ouroloop.task.adopt import ensure_future
    from ouroloop.task.task import Task

__all__ = [
    "ALL_COMPLETED",
    "FIRST_COMPLETED",
    "FIRST_EXCEPTION",
    "Task",
    "_enter_task",
    "_leave_task",
    "_register_task",
    "_unregister_task",
    "all_tasks",
    "as_completed",
    "create_eager_task_factory",
    "create_task",
    "current_task",
    "eager_task_factory",
    "ensure_future",
    "gather",
    "run_coroutine_threadsafe",
    "shield",
    "sleep",
    "wait",
    "wait_for",
]
