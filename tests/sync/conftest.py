"""The standard library's classes and ours, each on the standard library's loop and on ours.

A test that asks for `library` states what both do; `library_since(3, 14)` leaves the standard library's out on an older
Python, which did not do so yet, and `only_our_library` leaves them out everywhere.
"""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ouroloop.sync.barrier import Barrier
from ouroloop.sync.condition import Condition
from ouroloop.sync.event import Event
from ouroloop.sync.lock import Lock
from ouroloop.sync.queue import LifoQueue, PriorityQueue, Queue
from ouroloop.sync.queue_shut_down import QueueShutDown
from ouroloop.sync.semaphore import BoundedSemaphore, Semaphore

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

OURS = {
    "Barrier": Barrier,
    "BoundedSemaphore": BoundedSemaphore,
    "Condition": Condition,
    "Event": Event,
    "LifoQueue": LifoQueue,
    "Lock": Lock,
    "PriorityQueue": PriorityQueue,
    "Queue": Queue,
    "QueueShutDown": QueueShutDown,
    "Semaphore": Semaphore,
}


def standard(name: str) -> Any:
    return getattr(asyncio, name, None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "library_since(*version): the standard library's do so from then on")
    config.addinivalue_line("markers", "only_our_library: what only ours promise")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "library" not in metafunc.fixturenames:
        return
    libraries: list[Any] = [pytest.param(standard, id="asyncio"), pytest.param(OURS.get, id="ours")]
    since = metafunc.definition.get_closest_marker("library_since")
    if since is not None and sys.version_info < since.args:
        reason = f"the standard library does so from Python {'.'.join(map(str, since.args))}"
        libraries[0] = pytest.param(standard, id="asyncio", marks=pytest.mark.skip(reason=reason))
    if metafunc.definition.get_closest_marker("only_our_library"):
        libraries = libraries[1:]
    metafunc.parametrize("library", libraries, indirect=True)


@pytest.fixture
def library(request: pytest.FixtureRequest) -> SimpleNamespace:
    return SimpleNamespace(**{name: request.param(name) for name in OURS})


@pytest.fixture
def run(loop: asyncio.AbstractEventLoop) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine on the loop under test; one that hangs fails."""

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        return loop.run_until_complete(asyncio.wait_for(coroutine, 10))

    return run
