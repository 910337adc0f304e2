"""The implementations under test, and the promise that no test leaves anything behind.

A test that asks for `loop`, `loop_factory` or `implementation`, itself or through a fixture, runs once for
each implementation: the standard library's loop, which is the reference, and ours on each poller. A test
marked `only_ouroloop` states what only ours promises; one marked `only_stdlib` records a fact about the
reference that the other tests build on. Ours behaves on every Python as the newest standard library does, but
for what `versions.Ways` says; `reference_since(3, 12)` leaves the reference out on a Python before 3.12, where
it did not do so yet. Nothing is skipped when ours cannot be imported: those tests fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREAD_END_SECONDS = 5.0

# A shell starts what runs in its background with Ctrl-C ignored, and so would the programs that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in each run, so that a failure comes from a change and not by chance.
# OUROLOOP_EXAMPLES=random looks for new ones.
settings.register_profile("same", derandomize=True)
if os.environ.get("OUROLOOP_EXAMPLES") != "random":
    settings.load_profile("same")


@dataclass(frozen=True)
class Implementation:
    """One way of making an event loop, with the future and task classes that belong to it."""

    name: str
    poller: str | None

    @property
    def is_ours(self) -> bool:
        return self.poller is not None

    @property
    def loop_class(self) -> Any:
        if not self.is_ours:
            return asyncio.SelectorEventLoop
        import ouroloop

        return ouroloop.EventLoop

    @property
    def loop_arguments(self) -> dict[str, Any]:
        return {"poller": self.poller} if self.is_ours else {}

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return self.loop_class(**self.loop_arguments)  # type: ignore[no-any-return]

    @property
    def future_class(self) -> Any:
        if not self.is_ours:
            return asyncio.Future
        import ouroloop

        return ouroloop.Future

    @property
    def task_class(self) -> Any:
        if not self.is_ours:
            return asyncio.Task
        import ouroloop

        return ouroloop.Task

    @property
    def handle_class(self) -> Any:
        if not self.is_ours:
            return asyncio.Handle
        from ouroloop.loop.handle import Handle

        return Handle

    @property
    def timer_handle_class(self) -> Any:
        if not self.is_ours:
            return asyncio.TimerHandle
        from ouroloop.loop.timers import TimerHandle

        return TimerHandle

    @property
    def script_preamble(self) -> str:
        """Source text that defines `new_event_loop` in a process of its own."""
        if not self.is_ours:
            return "import asyncio\nnew_event_loop = asyncio.SelectorEventLoop\n"
        return (
            "import asyncio, ouroloop\n"
            f"def new_event_loop(): return ouroloop.EventLoop(poller={self.poller!r})\n"
        )


STDLIB = Implementation("stdlib", None)
OUROLOOP = (Implementation("ouroloop-epoll", "epoll"), Implementation("ouroloop-poll", "poll"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only_ouroloop: behaviour that only our loop promises")
    config.addinivalue_line("markers", "only_stdlib: a fact about the standard library's loop")
    config.addinivalue_line(
        "markers", "reference_since(*version): the standard library does so from this version"
    )
    config.addinivalue_line("markers", "exact_calls: counts the loop's turns or its system calls")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "OUROLOOP_FAULTS" not in os.environ:
        return
    reason = "counts turns or system calls, of which some fail at random now (tests/faults/inject.c)"
    for item in items:
        if item.get_closest_marker("exact_calls"):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "implementation" not in metafunc.fixturenames:
        return
    reference: Any = STDLIB
    since = metafunc.definition.get_closest_marker("reference_since")
    if since is not None and sys.version_info < since.args:
        reason = f"the standard library does so from Python {'.'.join(map(str, since.args))}"
        reference = pytest.param(STDLIB, marks=pytest.mark.skip(reason=reason))
    implementations: tuple[Any, ...] = (reference, *OUROLOOP)
    if metafunc.definition.get_closest_marker("only_ouroloop"):
        implementations = OUROLOOP
    elif metafunc.definition.get_closest_marker("only_stdlib"):
        implementations = (reference,)
    metafunc.parametrize("implementation", implementations, ids=lambda each: each.name, indirect=True)


def open_descriptors() -> set[tuple[int, str]]:
    """Each open descriptor with what it refers to, so that a number used again counts as a new one."""
    found = set()
    for entry in list(Path("/proc/self/fd").iterdir()):
        # The one that listed the directory is gone by now.
        with contextlib.suppress(FileNotFoundError):
            found.add((int(entry.name), str(entry.readlink())))
    return found


def live_threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def wait_for_threads_to_end(before: set[threading.Thread]) -> set[threading.Thread]:
    """Threads that were told to end (an executor's, after close) get a moment to do so."""
    deadline = time.monotonic() + THREAD_END_SECONDS
    for thread in live_threads() - before:
        thread.join(max(0.0, deadline - time.monotonic()))
    return live_threads() - before


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Fail a test that ends with a descriptor or a thread that it did not start with."""
    descriptors, threads = open_descriptors(), live_threads()
    yield
    leaked_threads = wait_for_threads_to_end(threads)
    leaked_descriptors = open_descriptors() - descriptors
    if leaked_descriptors:
        # A failing test's traceback may hold a cycle; what only the cycle collector frees is not a leak.
        gc.collect()
        leaked_descriptors = open_descriptors() - descriptors
    assert not leaked_threads, f"threads left running: {leaked_threads}"
    assert not leaked_descriptors, f"descriptors left open: {sorted(leaked_descriptors)}"


@pytest.fixture
def implementation(request: pytest.FixtureRequest) -> Implementation:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def future_class(implementation: Implementation) -> Any:
    return implementation.future_class


@pytest.fixture
def task_class(implementation: Implementation) -> Any:
    return implementation.task_class


@pytest.fixture
def loop_factory(implementation: Implementation) -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    """Makes loops that the test closes itself; one that it leaves open fails it."""
    made: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    def new_event_loop() -> asyncio.AbstractEventLoop:
        loop = implementation.new_event_loop()
        made.append(weakref.ref(loop))
        return loop

    yield new_event_loop
    left_open = [loop for each in made if (loop := each()) is not None and not loop.is_closed()]
    for loop in left_open:
        loop.close()
    assert not left_open, f"loops left open: {left_open}"


class ErrorRecorder:
    """An exception handler that keeps each context that it is given."""

    def __init__(self) -> None:
        self.contexts: list[dict[str, Any]] = []
        self.expects_errors = False

    def __call__(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.contexts.append(context)


@pytest.fixture
def error_recorder() -> ErrorRecorder:
    return ErrorRecorder()


@pytest.fixture
def capture_errors(error_recorder: ErrorRecorder) -> list[dict[str, Any]]:
    """The contexts that reach the exception handler of `loop`; asking for them allows them."""
    error_recorder.expects_errors = True
    return error_recorder.contexts


@pytest.fixture
def loop(
    loop_factory: Callable[[], asyncio.AbstractEventLoop], error_recorder: ErrorRecorder
) -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that is closed at the end; a task left pending or an unexpected error fails the test."""
    loop = loop_factory()
    loop.set_exception_handler(error_recorder)
    yield loop
    pending = set() if loop.is_closed() else asyncio.all_tasks(loop)
    loop.close()
    unexpected = [] if error_recorder.expects_errors else error_recorder.contexts
    assert not unexpected, f"errors reached the exception handler: {unexpected}"
    assert not pending, f"tasks left pending: {pending}"


@pytest.fixture
def run_once() -> Callable[[asyncio.AbstractEventLoop], None]:
    """Run exactly one iteration of a loop."""

    def run_once(loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon(loop.stop)
        loop.run_forever()

    return run_once


@pytest.fixture
def asyncio_log() -> Iterator[list[logging.LogRecord]]:
    """What the logger named "asyncio" is told, at every level."""
    records: list[logging.LogRecord] = []

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, recorder = logging.getLogger("asyncio"), Recorder()
    level = logger.level
    logger.addHandler(recorder)
    logger.setLevel(logging.DEBUG)
    yield records
    logger.removeHandler(recorder)
    logger.setLevel(level)


@pytest.fixture
def run_script(implementation: Implementation) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run source text in a fresh interpreter, where `new_event_loop` and `asyncio` are already defined."""

    def run_script(
        source: str,
        *,
        interpreter_options: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
        timeout_seconds: float = 30.0,
    ) -> subprocess.CompletedProcess[str]:
        # An outer debug setting would change what the script shows.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONASYNCIODEBUG"}
        return subprocess.run(
            [
                sys.executable,
                *interpreter_options,
                "-c",
                implementation.script_preamble + textwrap.dedent(source),
            ],
            env={**inherited, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
        )

    return run_script
