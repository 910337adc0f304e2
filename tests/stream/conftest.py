"""The standard library's streams and ours, on the standard library's loop and on ours.

A test that asks for `streams` runs for the standard library's classes on its own loop, which is the reference, and for
ours on every loop. `streams_since(3, 13)` leaves the reference out on an older Python, which did not do so yet, and
`only_our_streams` leaves it out everywhere.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ouroloop.stream import connections
from ouroloop.stream.flow_control import FlowControlMixin
from ouroloop.stream.reader import StreamReader
from ouroloop.stream.reader_protocol import StreamReaderProtocol
from ouroloop.stream.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

OURS = SimpleNamespace(
    is_ours=True,
    FlowControlMixin=FlowControlMixin,
    StreamReader=StreamReader,
    StreamReaderProtocol=StreamReaderProtocol,
    StreamWriter=StreamWriter,
    open_connection=connections.open_connection,
    open_unix_connection=connections.open_unix_connection,
    start_server=connections.start_server,
    start_unix_server=connections.start_unix_server,
)
STANDARD = SimpleNamespace(
    is_ours=False, **{name: getattr(asyncio.streams, name) for name in vars(OURS) if name != "is_ours"}
)

LIMIT_SECONDS = 20


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "streams_since(*version): the standard library's do so from then on")
    config.addinivalue_line("markers", "only_our_streams: what only ours promise")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "streams" in metafunc.fixturenames:
        both = [pytest.param(STANDARD, id="standard"), pytest.param(OURS, id="ours")]
        metafunc.parametrize("streams", both)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = [item for item in items if is_wanted(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
    for item in items:
        since = item.get_closest_marker("streams_since")
        if since is not None and sys.version_info < since.args and parameter(item, "streams") is STANDARD:
            reason = f"the standard library does so from Python {'.'.join(map(str, since.args))}"
            item.add_marker(pytest.mark.skip(reason=reason))


def is_wanted(item: pytest.Item) -> bool:
    """The reference is the standard library as a whole: its classes on our loop are tested elsewhere."""
    if parameter(item, "streams") is not STANDARD:
        return True
    implementation = parameter(item, "implementation")
    if implementation is not None and implementation.is_ours:
        return False
    return item.get_closest_marker("only_our_streams") is None


def parameter(item: pytest.Item, name: str) -> Any:
    call = getattr(item, "callspec", None)
    return None if call is None else call.params.get(name)


@pytest.fixture
def run(loop: asyncio.AbstractEventLoop) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine on the loop; a hang fails the test."""

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        return loop.run_until_complete(asyncio.wait_for(main, LIMIT_SECONDS))

    return run


@pytest.fixture
def reader(streams: Any, loop: asyncio.AbstractEventLoop) -> Any:
    return streams.StreamReader(loop=loop)


@pytest.fixture
def socket_path() -> Iterator[str]:
    """A path with nothing there yet, short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="streams-") as folder:
        yield str(Path(folder) / "socket")


class StoppableTransport(asyncio.Transport):
    """A transport that notes whether it was told to stop reading."""

    def __init__(self) -> None:
        super().__init__()
        self.is_reading_now = True
        self.calls: list[str] = []

    def pause_reading(self) -> None:
        assert self.is_reading_now
        self.is_reading_now = False
        self.calls.append("pause")

    def resume_reading(self) -> None:
        assert not self.is_reading_now
        self.is_reading_now = True
        self.calls.append("resume")


@pytest.fixture
def transport() -> StoppableTransport:
    return StoppableTransport()


@pytest.fixture
def only_ours() -> SimpleNamespace:
    return OURS
