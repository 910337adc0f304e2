"""Names that resolve as a test says, and places for Unix sockets."""

import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ouroloop.versions import NEWEST

from .reference import is_standard

Addresses = list[tuple[str, int]]


@pytest.fixture
def newest_loop(loop: Any) -> Any:
    """The loop under test. Ours does on every Python what the loops of `ouroloop.asyncio` do."""
    if not is_standard(loop):
        loop._ways = NEWEST
    return loop


@pytest.fixture
def resolve_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Addresses], None]:
    """Give a name its (address, port) pairs, in that order.

    Programs replace `socket.getaddrinfo` too, so a loop must look it up when a name is resolved.
    """
    names: dict[str, Addresses] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in names:
            return real(host, port, *arguments, **options)
        found = []
        for address, own_port in names[name]:
            if ":" in address:
                end: tuple[Any, ...] = (address, own_port, 0, 0)
                family = socket.AF_INET6
            else:
                end, family = (address, own_port), socket.AF_INET
            found.append((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", end))
        return found

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    def resolve_as(name: str, addresses: Addresses) -> None:
        names[name] = addresses

    return resolve_as


@pytest.fixture
def socket_folder() -> Iterator[Path]:
    """An empty folder with a short path: that of a Unix socket may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="unix-") as folder:
        yield Path(folder)


@pytest.fixture
def socket_path(socket_folder: Path) -> str:
    """A path at which there is nothing yet."""
    return str(socket_folder / "socket")
