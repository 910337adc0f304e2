"""The loops of `ouroloop.asyncio` do on every Python what the newest one's do.

Other loops of ours do as the running one's: tests/transport shows that, beside the standard library's.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

import ouroloop
from ouroloop import asyncio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Loop = asyncio.AbstractEventLoop
LOOPBACK = "127.0.0.1"


@pytest.fixture(params=[asyncio.new_event_loop, asyncio.EventLoop], ids=["new_event_loop", "EventLoop"])
def loop(request: pytest.FixtureRequest) -> Iterator[Loop]:
    loop = request.param()
    yield loop
    loop.close()


async def start_by_loop(path: Path) -> Any:
    return await asyncio.get_running_loop().create_unix_server(asyncio.Protocol, path)


async def start_as_streams(path: Path) -> Any:
    return await asyncio.start_unix_server(lambda _reader, writer: writer.close(), path)


async def leaves_file(start: Callable[[Path], Any], path: Path) -> bool:
    server = await start(path)
    assert path.is_socket()
    server.close()
    await server.wait_closed()
    return path.exists()


@pytest.mark.parametrize("start", [start_by_loop, start_as_streams])
def test_the_file_of_a_unix_socket_goes_with_its_server(
    loop: Loop, tmp_path: Path, start: Callable[[Path], Any]
) -> None:
    assert not loop.run_until_complete(leaves_file(start, tmp_path / "socket"))


def test_the_file_goes_where_our_streams_are_used_on_any_loop_of_ours(tmp_path: Path) -> None:
    assert not ouroloop.run(leaves_file(start_as_streams, tmp_path / "socket"))


def test_the_file_stays_where_that_is_asked_for(loop: Loop, tmp_path: Path) -> None:
    async def start(path: Path) -> Any:
        return await asyncio.start_unix_server(
            lambda _reader, writer: writer.close(), path, cleanup_socket=False
        )

    assert loop.run_until_complete(leaves_file(start, tmp_path / "socket"))


def test_who_waits_for_a_closed_server_waits_for_its_connections(loop: Loop) -> None:
    async def main() -> None:
        accepted = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, LOOPBACK, 0)
        with socket.create_connection(server.sockets[0].getsockname()):
            await accepted.wait()
            server.close()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(server.wait_closed(), 0.05)
        await asyncio.wait_for(server.wait_closed(), 5)

    loop.run_until_complete(main())


def test_the_words_are_the_newest_ones(loop: Loop) -> None:
    with socket.socket() as sock, pytest.raises(ValueError, match=r"^A datagram socket was expected, got "):
        loop.run_until_complete(loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=sock))
