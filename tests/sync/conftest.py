"""The standard library's classes and functions and ours, each on the standard library's loop and on ours.

A test that asks for `library` states what both do; `library_since(3, 14)` leaves the standard library's out on an older
Python, which did not do so yet, and `only_our_library` leaves them out everywhere.
"""

from __future__ import annotations

import asyncio
import asyncio.staggered
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ouroloop.service.runner import Runner, run
from ouroloop.sync.as_completed import as_completed
from ouroloop.sync.barrier import Barrier
from ouroloop.sync.condition import Condition
from ouroloop.sync.event import Event
from ouroloop.sync.gather import gather
from ouroloop.sync.lock import Lock
from ouroloop.sync.queue import LifoQueue, PriorityQueue, Queue
from ouroloop.sync.queue_shut_down import QueueShutDown
from ouroloop.sync.semaphore import BoundedSemaphore, Semaphore
from ouroloop.sync.shield import shield
from ouroloop.sync.sleep import sleep
from ouroloop.sync.staggered import staggered_race
from ouroloop.sync.task_group import TaskGroup
from ouroloop.sync.threads import run_coroutine_threadsafe, to_thread
from ouroloop.sync.timeout import Timeout, timeout, timeout_at
from ouroloop.sync.wait import wait
from ouroloop.sync.wait_for import wait_for
from ouroloop.task.adopt import ensure_future, wrap_future
from ouroloop.task.call_graph import capture_call_graph, format_call_graph, print_call_graph
from ouroloop.task.kinds import iscoroutine, iscoroutinefunction, isfuture
from ouroloop.task.registry import all_tasks, current_task
from ouroloop.task.start import create_eager_task_factory, create_task, eager_task_factory

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
    "Runner": Runner,
    "TaskGroup": TaskGroup,
    "Timeout": Timeout,
    "all_tasks": all_tasks,
    "as_completed": as_completed,
    "capture_call_graph": capture_call_graph,
    "create_eager_task_factory": create_eager_task_factory,
    "create_task": create_task,
    "current_task": current_task,
    "eager_task_factory": eager_task_factory,
    "ensure_future": ensure_future,
    "format_call_graph": format_call_graph,
    "gather": gather,
    "iscoroutine": iscoroutine,
    "iscoroutinefunction": iscoroutinefunction,
    "isfuture": isfuture,
    "print_call_graph": print_call_graph,
    "run": run,
    "run_coroutine_threadsafe": run_coroutine_threadsafe,
    "shield": shield,
    "sleep": sleep,
    "staggered_race": staggered_race,
    "timeout": timeout,
    "timeout_at": timeout_at,
    "to_thread": to_thread,
    "wait": wait,
    "wait_for": wait_for,
    "wrap_future": wrap_future,
}


def standard(name: str) -> Any:
    return getattr(asyncio, name, None) or getattr(asyncio.staggered, name, None)


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
