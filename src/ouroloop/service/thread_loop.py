"""The event loop of a thread and the policy that makes it, as the namespace `ouroloop.asyncio` has them.

Which loop a thread has is recorded once, by the standard library's policy: what a program sets through our namespace,
a library finds through `import asyncio`, and the reverse. Only what makes a loop where there is none differs. While the
standard library's default policy is in force, `get_event_loop_policy` gives one of ours that shares all of its state;
a policy that the program has set is asked itself.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

from ouroloop.service.newest_loop import SelectorEventLoop
from ouroloop.versions import (
    GET_EVENT_LOOP_CREATES,
    GET_EVENT_LOOP_WARNS,
    HAS_POLICIES,
    POLICY_IS_DEPRECATED,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# Where the standard library's policy and ours, which have one dictionary, keep each other: (standard, ours).
_PAIR = "_ouroloop_pair"


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new event loop: one of ours, unless the program has set a policy that makes another kind.

    As `asyncio.new_event_loop`.
    """
    if not HAS_POLICIES:
        return SelectorEventLoop()
    loop: asyncio.AbstractEventLoop = policy_in_force().new_event_loop()
    return loop


def get_event_loop() -> asyncio.AbstractEventLoop:
    """The running loop, or else the one that was set for this thread.

    Where there is neither it does what the running Python's `asyncio.get_event_loop` does: up to 3.13 the main thread
    gets a new loop, one of ours, with a DeprecationWarning from 3.12 on; RuntimeError otherwise.
    """
    running = asyncio._get_running_loop()
    if running is not None:
        return running
    if not HAS_POLICIES:
        return asyncio.get_event_loop()
    loop: asyncio.AbstractEventLoop = policy_in_force().get_event_loop()
    return loop


def caller_level() -> int:
    """The `stacklevel` with which our caller warns about the first line outside the namespace."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__") == __name__:
        level, frame = level + 1, frame.f_back
    return level


if HAS_POLICIES:
    from ouroloop.service.policy import EventLoopPolicy, set_policy, standard_policy_class

    _standard_policy: Callable[[], Any] = getattr(
        asyncio.events, "_get_event_loop_policy", asyncio.get_event_loop_policy
    )

    class DefaultEventLoopPolicy(EventLoopPolicy):
        """A loop of ours for each thread, as `asyncio.DefaultEventLoopPolicy`."""

        _loop_factory = staticmethod(SelectorEventLoop)

        def get_event_loop(self) -> Any:
            if not GET_EVENT_LOOP_CREATES or not self._may_create():
                return super().get_event_loop()
            if GET_EVENT_LOOP_WARNS:
                warnings.warn("There is no current event loop", DeprecationWarning, stacklevel=caller_level())
            loop = self.new_event_loop()
            self.set_event_loop(loop)
            return loop

        def _may_create(self) -> bool:
            """Whether nobody has said yet which loop the main thread has, and this is the main thread."""
            nobody_said = self._local._loop is None and not self._local._set_called
            return nobody_said and threading.current_thread() is threading.main_thread()

    def policy_in_force() -> Any:
        """The policy that the program set, or ours with the state of the standard library's default one."""
        standard = _standard_policy()
        if type(standard) is not standard_policy_class():
            return standard
        if _PAIR not in vars(standard):
            ours = DefaultEventLoopPolicy.__new__(DefaultEventLoopPolicy)
            # The loop of each thread, and the child watcher.
            ours.__dict__ = vars(standard)
            vars(standard)[_PAIR] = standard, ours
        return vars(standard)[_PAIR][1]

    def get_event_loop_policy() -> Any:
        """The event loop policy in force, as `asyncio.get_event_loop_policy`."""
        _warn_of_policies("get_event_loop_policy")
        return policy_in_force()

    def set_event_loop_policy(policy: Any) -> None:
        """Sets the event loop policy of this process; None goes back to the default one.

        As `asyncio.set_event_loop_policy`.
        """
        _warn_of_policies("set_event_loop_policy")
        if type(policy) is DefaultEventLoopPolicy:
            # Who puts back what `get_event_loop_policy` gave puts the standard library's own back.
            policy, _ = vars(policy).get(_PAIR, (policy, None))
        set_policy(policy)

    def _warn_of_policies(name: str) -> None:
        if POLICY_IS_DEPRECATED:
            warnings.warn(
                f"'asyncio.{name}' is deprecated and slated for removal in Python 3.16",
                DeprecationWarning,
                stacklevel=caller_level(),
            )
