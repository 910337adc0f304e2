"""Puts the loop under test where CPython's tests look for one, in the standard library's own asyncio."""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING, Any

from .loop_classes import loop_class, virtual_time_loop_class

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD_LIBRARY = "asyncio"
_WAITING_THREADS = ("asyncio-waitpid", "waitpid")
_WAITING_THREAD_SECONDS_MAX = 30
_POLICIES = ("_UnixDefaultEventLoopPolicy", "_DefaultEventLoopPolicy")
_LOOP_NAMES = ("SelectorEventLoop", "EventLoop")


class LoopUnderTest:
    """An implementation's loop: how one is made, and the classes that tests are given for it."""

    def __init__(self, implementation: str) -> None:
        """`implementation` is a module with `new_event_loop`, or `module:factory`."""
        self.implementation = implementation
        self.factory = find_factory(implementation)
        probe = self.factory()
        probe.close()
        self.tested_class = type(probe)
        self.loop_class = loop_class(self.tested_class)

    def swap_in(self) -> None:
        """Every loop that asyncio makes, and every loop class that it names, becomes the one under test."""
        asyncio = importlib.import_module("asyncio")
        unix_events = importlib.import_module("asyncio.unix_events")
        for policy in _POLICIES:
            if hasattr(unix_events, policy):
                getattr(unix_events, policy)._loop_factory = staticmethod(self.factory)
        for module in (asyncio, unix_events):
            self.replace_names(module)
        if self.implementation != STANDARD_LIBRARY and hasattr(unix_events, "SafeChildWatcher"):
            # The standard library's child watchers serve its own loops; a policy attaches them to every loop.
            unix_events.SafeChildWatcher.attach_loop = lambda *_: None

    def replace_names(self, module: Any) -> None:
        for name in _LOOP_NAMES:
            if hasattr(module, name):
                setattr(module, name, self.loop_class)

    def adapt_test_support(self, support: Any) -> None:
        """Gives `test_asyncio.utils` a TestLoop and a close_loop that ask nothing private of the loop."""
        asyncio = importlib.import_module("asyncio")
        support.TestLoop = virtual_time_loop_class(self.tested_class, asyncio.TimerHandle)
        support.TestCase.close_loop = staticmethod(close_loop)


def find_factory(implementation: str) -> Callable[[], Any]:
    module_name, _, attribute = implementation.partition(":")
    module = importlib.import_module(module_name)
    if not attribute:
        # new_event_loop() asks the policy, into which the loop under test is about to go.
        attribute = "SelectorEventLoop" if module_name == STANDARD_LIBRARY else "new_event_loop"
    found: Any = module
    for name in attribute.split("."):
        found = getattr(found, name)
    return found  # type: ignore[no-any-return]


def close_loop(loop: Any) -> None:
    """Ends a test's loop and the threads that it started."""
    may_have_threads = getattr(loop, "_default_executor", True) is not None
    if may_have_threads and not loop.is_closed() and not loop.is_running():
        # A loop that a test broke still has to be closed.
        with contextlib.suppress(Exception):
            loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    for thread in threading.enumerate():
        if thread.name.startswith(_WAITING_THREADS):
            thread.join(_WAITING_THREAD_SECONDS_MAX)
