"""The event loop policy that makes our loops, and `install()`, which sets it.

For programs that choose their loop by policy, where the running Python still has policies. Everything that
the standard library's default policy does besides making loops it does here too: a loop for each thread,
child watchers.
"""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

from ouroloop.versions import HAS_POLICIES, POLICY_IS_DEPRECATED

if TYPE_CHECKING:
    from typing import NoReturn

    from ouroloop.service.event_loop import EventLoop

INSTEAD = "use ouroloop.run(), or asyncio.Runner(loop_factory=ouroloop.new_event_loop)"


def standard_policy_class() -> Any:
    """The class of the policy that asyncio has by default."""
    unix_events: Any = asyncio.unix_events
    # The public name for it, `asyncio.DefaultEventLoopPolicy`, warns where policies are deprecated.
    return unix_events._UnixDefaultEventLoopPolicy


def new_event_loop() -> EventLoop:
    from ouroloop.service.event_loop import EventLoop

    return EventLoop()


if HAS_POLICIES:

    class EventLoopPolicy(standard_policy_class()):  # type: ignore[misc]
        """Makes an `ouroloop.EventLoop` wherever the standard library's default policy makes its own loop.

        Keeps the contract of `asyncio.DefaultEventLoopPolicy`, child watchers included.
        """

        _loop_factory = staticmethod(new_event_loop)

else:

    def __getattr__(name: str) -> NoReturn:
        if name == "EventLoopPolicy":
            raise AttributeError(f"this Python has no event loop policies: {INSTEAD}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def install() -> None:
    """Makes `asyncio.run` and `asyncio.new_event_loop` use our loop in this process, through the policy.

    Warns where policies are deprecated (Python 3.14 and 3.15), and raises RuntimeError where they are gone.
    """
    if not HAS_POLICIES:
        raise RuntimeError(f"this Python has no event loop policies: {INSTEAD}")
    if POLICY_IS_DEPRECATED:
        warnings.warn(
            f"ouroloop.install() sets an event loop policy, which Python 3.16 no longer has: {INSTEAD}",
            DeprecationWarning,
            stacklevel=2,
        )
    set_policy(EventLoopPolicy())


def set_policy(policy: Any) -> None:
    """Sets the event loop policy without asyncio's warning, which would name a line of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.set_event_loop_policy(policy)
