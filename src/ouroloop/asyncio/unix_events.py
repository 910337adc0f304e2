"""`asyncio.unix_events`: the loop by its public names, and what newer Pythons removed where the running one has it."""
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

from ouroloop.service.newest_loop import SelectorEventLoop
from ouroloop.versions import HAS_CHILD_WATCHERS, HAS_POLICIES, POLICY_IS_DEPRECATED

EventLoop = SelectorEventLoop

__all__ = ["EventLoop", "SelectorEventLoop"]

if HAS_POLICIES:
    if POLICY_IS_DEPRECATED:
        from ouroloop.service.thread_loop import DefaultEventLoopPolicy as _DefaultEventLoopPolicy  # noqa: F401
    else:
        from ouroloop.service.thread_loop import DefaultEventLoopPolicy

        __all__ += ["DefaultEventLoopPolicy"]

if HAS_CHILD_WATCHERS:
    from asyncio.unix_events import (
        AbstractChildWatcher,
        FastChildWatcher,
        MultiLoopChildWatcher,
        PidfdChildWatcher,
        SafeChildWatcher,
        ThreadedChildWatcher,
    )

    __all__ += [
        "AbstractChildWatcher",
        "FastChildWatcher",
        "MultiLoopChildWatcher",
        "PidfdChildWatcher",
        "SafeChildWatcher",
        "ThreadedChildWatcher",
    ]
