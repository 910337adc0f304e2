"""Protocols that write down what they hear, and a server with one connection to it, both over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Iterator

LOOPBACK = "127.0.0.1"
SECONDS_MAX = 20

T = TypeVar("T")


def run(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on `loop`, at most `SECONDS_MAX` long."""
    return loop.run_until_complete(asyncio.wait_for(main, SECONDS_MAX))


async def turns(count: int = 5) -> None:
    """Let the loop go round `count` times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def eventually(condition: Callable[[], object]) -> None:
    """Return once `condition()` is true, asked between turns of the loop."""
    attempts = 0
    while not condition():
        attempts += 1
        await asyncio.sleep(0 if attempts < 50 else 0.001)


class RecordingProtocol(asyncio.Protocol):
    """Writes down each callback's name, the bytes, and how the connection ended."""

    keep_open: bool | None = None

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.received = bytearray()
        self.transport: Any = None
        self.lost: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.calls.append("connection_made")
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert type(data) is bytes
        assert data
        self.calls.append("data_received")
        self.received += data

    def eof_received(self) -> bool | None:
        self.calls.append("eof_received")
        return self.keep_open

    def pause_writing(self) -> None:
        self.calls.append("pause_writing")

    def resume_writing(self) -> None:
        self.calls.append("resume_writing")

    def connection_lost(self, exc: BaseException | None) -> None:
        self.calls.append("connection_lost")
        self.lost.set_result(exc)  # raises, and so fails the test, on a second call

    async def receive(self, count: int) -> bytes:
        """Take `count` bytes once they have arrived."""
        await eventually(lambda: len(self.received) >= count or self.lost.done())
        data = bytes(self.received[:count])
        del self.received[:count]
        return data


class EchoProtocol(RecordingProtocol):
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.transport.write(data)


class Ends:
    """A server, and one connection to it. Both are over when the block is."""

    def __init__(self, server: Any, made: list[RecordingProtocol], transport: Any, near: Any) -> None:
        self.server = server
        self.made = made
        self.transport = transport
        self.near = near

    @property
    def address(self) -> tuple[str, int]:
        return self.server.sockets[0].getsockname()  # type: ignore[no-any-return]

    @property
    def far(self) -> Any:
        """The protocol of the server's last connection."""
        return self.made[-1]

    async def __aenter__(self) -> Self:
        await eventually(lambda: self.made and self.far.transport is not None)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.transport.close()
        self.server.close()
        await self.near.lost
        await self.far.lost
        await turns(2)


async def connected(
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext | bool,
    far: Callable[[], Any] = EchoProtocol,
    near: Callable[[], Any] = RecordingProtocol,
    *,
    server_options: dict[str, Any] | None = None,
    **options: Any,
) -> Ends:
    loop = asyncio.get_running_loop()
    made: list[Any] = []

    def make() -> Any:
        made.append(far())
        return made[-1]

    server = await loop.create_server(make, LOOPBACK, 0, ssl=server_context, **(server_options or {}))
    options.setdefault("server_hostname", "localhost")
    try:
        transport, protocol = await loop.create_connection(
            near, *server.sockets[0].getsockname(), ssl=client_context, **options
        )
    except BaseException:
        server.close()
        raise
    return Ends(server, made, transport, protocol)


@contextlib.contextmanager
def connected_sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two non-blocking ends of one TCP connection over loopback."""
    with socket.create_server((LOOPBACK, 0)) as listener, socket.socket() as near:
        near.connect(listener.getsockname())
        with listener.accept()[0] as far:
            near.setblocking(False)
            far.setblocking(False)
            yield near, far
