"""The loop that a measured program runs on, by the name of its module."""

from __future__ import annotations

import asyncio
import importlib
import signal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    LoopFactory = Callable[[], asyncio.AbstractEventLoop]

LIFETIME_SECONDS = 900

T = TypeVar("T")


def loop_factory(name: str) -> LoopFactory:
    factory: LoopFactory = importlib.import_module(name).new_event_loop
    return factory


def run_on(name: str, main: Callable[[], Coroutine[object, object, T]]) -> T:
    """Runs the main coroutine on a new loop so named; the process ends by itself if its starter dies."""
    signal.alarm(LIFETIME_SECONDS)
    with asyncio.Runner(loop_factory=loop_factory(name)) as runner:
        return runner.run(main())
