"""`asyncio.events`: handles, and which loop runs or belongs to a thread.

The record of the running loop is the interpreter's, one for everybody: the functions that read and write it are the
standard library's own, as the abstract classes are.
"""
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

from asyncio.events import (
    AbstractEventLoop,
    AbstractServer,
    _get_running_loop,
    _set_running_loop,
    get_running_loop,
    set_event_loop,
)
from typing import TYPE_CHECKING

from ouroloop.service.thread_loop import get_event_loop, new_event_loop
from ouroloop.versions import HAS_CHILD_WATCHERS, HAS_POLICIES, POLICY_IS_DEPRECATED

if TYPE_CHECKING:
    # As the future.
    from asyncio.events import Handle, TimerHandle
else:
    from ouroloop.loop.handle import Handle
    from ouroloop.loop.thread_safe_handle import ThreadSafeHandle as _ThreadSafeHandle  # noqa: F401
    from ouroloop.loop.timers import TimerHandle

__all__ = [
    "AbstractEventLoop",
    "AbstractServer",
    "Handle",
    "TimerHandle",
    "_get_running_loop",
    "_set_running_loop",
    "get_event_loop",
    "get_running_loop",
    "new_event_loop",
    "set_event_loop",
]

if HAS_POLICIES:
    from ouroloop.service.thread_loop import get_event_loop_policy, set_event_loop_policy

    __all__ += ["get_event_loop_policy", "set_event_loop_policy"]

    if POLICY_IS_DEPRECATED:
        from asyncio.events import _AbstractEventLoopPolicy as _AbstractEventLoopPolicy
    else:
        from asyncio.events import AbstractEventLoopPolicy

        __all__ += ["AbstractEventLoopPolicy"]

if HAS_CHILD_WATCHERS:
    from asyncio.events import get_child_watcher, set_child_watcher

    __all__ += ["get_child_watcher", "set_child_watcher"]
