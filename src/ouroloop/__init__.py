"""Ouroloop: an asyncio event loop of its own, with its own futures, tasks and transports.

Ways in:

- `ouroloop.run(main())`, as `asyncio.run`;
- `asyncio.run(main(), loop_factory=ouroloop.new_event_loop)`, or any other place that takes a loop factory;
- `ouroloop run app.py`, for a program that nobody edits;
- `ouroloop.install()`, where the running Python still has event loop policies.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from ouroloop.service.event_loop import EventLoop, new_event_loop
    from ouroloop.service.policy import EventLoopPolicy, install
    from ouroloop.service.run import run
    from ouroloop.task.future import Future
    from ouroloop.task.task import Task

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

# Each name is imported when it is first used: the command line starts without asyncio, and on a Python that
# deprecates policies only who asks for them hears of it.
_HOMES = {
    "EventLoop": "ouroloop.service.event_loop",
    "EventLoopPolicy": "ouroloop.service.policy",
    "Future": "ouroloop.task.future",
    "Task": "ouroloop.task.task",
    "install": "ouroloop.service.policy",
    "new_event_loop": "ouroloop.service.event_loop",
    "run": "ouroloop.service.run",
}


def _import_first(name: str) -> ModuleType:
    """The module of that name, as `importlib.import_module` gives it, without the garbage collector's rounds.

    What modules make when they are imported stays, so there is nothing to collect: it goes to the oldest generation,
    where the rounds would have brought it. They would be a twelfth of the time in which `asyncio` is imported.
    """
    if not gc.isenabled():
        return import_module(name)
    gc.disable()
    try:
        return import_module(name)
    finally:
        if gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()
        gc.enable()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_first(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
