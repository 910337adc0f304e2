"""Ouroloop: an asyncio event loop of its own, with its own futures, tasks and transports.

Ways in:

- `ouroloop.run(main())`, as `asyncio.run`;
- `asyncio.run(main(), loop_factory=ouroloop.new_event_loop)`, or any other place that takes a loop factory;
- `ouroloop run app.py`, for a program that nobody edits;
- `ouroloop.install()`, where the running Python still has event loop policies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ouroloop.service.event_loop import EventLoop, new_event_loop
from ouroloop.service.run import run
from ouroloop.task.future import Future
from ouroloop.task.task import Task

if TYPE_CHECKING:
    from ouroloop.service.policy import EventLoopPolicy, install

__version__ = "0.1.0"

__all__ = [
    "EventLoop",
    "EventLoopPolicy",
    "Future",
    "Task",
    "__version__",
    "install",
    "new_event_loop",
    "run",
]


def __getattr__(name: str) -> Any:
    # Policies are deprecated from 3.14 on: they are touched only by who asks for them.
    if name in ("EventLoopPolicy", "install"):
        import ouroloop.service.policy as policy

        return getattr(policy, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
