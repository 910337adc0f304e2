"""The two functions that run a program, as one fixture."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

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
