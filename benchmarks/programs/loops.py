"""The loop that a measured program runs on, by the name of its peer."""

from __future__ import annotations

import importlib
import signal
from typing import TYPE_CHECKING, TypeVar

from benchmarks.programs.namespace import FLOOR_NAMESPACE, OWN_NAMESPACE, asyncio

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Coroutine

    LoopFactory = Callable[[], asyncio.AbstractEventLoop]

LIFETIME_SECONDS = 900

T = TypeVar("T")


def add_loop(parser: ArgumentParser) -> None:
    """The arguments that name a loop, and the namespace that `benchmarks.programs.namespace` has read already."""
    parser.add_argument("loop")
    parser.add_argument(OWN_NAMESPACE, action="store_true", help="with `from ouroloop import asyncio`")
    parser.add_argument(FLOOR_NAMESPACE, metavar="FILE", help="with the C extension, whose only loop it is")


def loop_factory(name: str) -> LoopFactory:
    """What makes the loop: a module's `new_event_loop`, or what its users are told to do instead."""
    if name == "aiofastnet":
        return _patched_loop
    factory: LoopFactory = importlib.import_module(name).new_event_loop
    return factory


def _patched_loop() -> asyncio.AbstractEventLoop:
    """The transports of aiofastnet belong to no loop: they are put on uvloop where there is one."""
    import aiofastnet

    try:
        loop = loop_factory("uvloop")()
    except ModuleNotFoundError:
        loop = asyncio.new_event_loop()
    aiofastnet.patch_loop(loop)
    return loop


def die_in_time() -> None:
    """Lets the process end by itself if its starter dies."""
    signal.alarm(LIFETIME_SECONDS)


def run_on(name: str, main: Callable[[], Coroutine[object, object, T]]) -> T:
    """Runs the main coroutine on a new loop of the peer."""
    die_in_time()
    if name == "floor":
        return asyncio.run(main())
    with asyncio.Runner(loop_factory=loop_factory(name)) as runner:
        return runner.run(main())
