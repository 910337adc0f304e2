"""The two functions that run a program, as one fixture; and the promise that no child process is left."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .processes import children

Run = Callable[..., Any]


@pytest.fixture(params=["asyncio.run", "ouroloop.run"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """`asyncio.run` and ours in turn; neither may leave a loop running in this thread."""
    if request.param == "asyncio.run":
        yield asyncio.run
    else:
        import ouroloop

        yield ouroloop.run
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


@pytest.fixture
def no_child_is_left() -> Iterator[None]:
    """No process that the test has started still runs or waits to be reaped."""
    before = set(children())
    yield
    assert not set(children()) - before
