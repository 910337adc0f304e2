"""The two ends of a datagram exchange under test: a protocol that writes down what it hears, and plain sockets."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar, cast

from .peers import LOOPBACK, eventually, turns

P = TypeVar("P", bound="DatagramRecorder")


class DatagramRecorder(asyncio.DatagramProtocol):
    """Writes down each callback's name, the datagrams, the errors, and how the endpoint ended."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.received: list[tuple[bytes, Any]] = []
        self.errors: list[OSError] = []
        self.transport: asyncio.DatagramTransport | None = None
        self.lost: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.calls.append("connection_made")
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        assert type(data) is bytes
        self.calls.append("datagram_received")
        self.received.append((data, addr))

    def error_received(self, exc: Exception) -> None:
        assert isinstance(exc, OSError)
        self.calls.append("error_received")
        self.errors.append(exc)

    def pause_writing(self) -> None:
        self.calls.append("pause_writing")

    def resume_writing(self) -> None:
        self.calls.append("resume_writing")

    def connection_lost(self, exc: BaseException | None) -> None:
        self.calls.append("connection_lost")
        self.lost.set_result(exc)  # raises, and so fails the test, on a second call

    async def receive(self) -> tuple[bytes, Any]:
        """Take the oldest datagram once there is one."""
        await eventually(lambda: self.received)
        return self.received.pop(0)

    async def failure(self) -> OSError:
        """Take the oldest error once there is one."""
        await eventually(lambda: self.errors)
        return self.errors.pop(0)


class DatagramEcho(DatagramRecorder):
    def datagram_received(self, data: bytes, addr: Any) -> None:
        super().datagram_received(data, addr)
        assert self.transport is not None
        self.transport.sendto(data, addr)


@contextlib.contextmanager
def datagram_sockets(count: int = 2, host: str = LOOPBACK) -> Iterator[list[socket.socket]]:
    """Bound, non-blocking UDP sockets."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for _ in range(count)]
        for sock in made:
            sock.bind((host, 0))
            sock.setblocking(False)
        yield made


async def receive_from(sock: socket.socket) -> tuple[bytes, Any]:
    """The next datagram of a plain socket, asked between turns of the loop."""
    attempts = 0
    while True:
        try:
            return sock.recvfrom(1 << 17)
        except BlockingIOError:
            attempts += 1
            await asyncio.sleep(0 if attempts < 50 else 0.001)


@contextlib.asynccontextmanager
async def endpoint(
    factory: Callable[[], P], **options: Any
) -> AsyncIterator[tuple[asyncio.DatagramTransport, P]]:
    """An endpoint of the running loop; on loopback, at a free port, unless the options say otherwise."""
    loop = asyncio.get_running_loop()
    if not options:
        options = {"local_addr": (LOOPBACK, 0)}
    transport, protocol = await loop.create_datagram_endpoint(factory, **options)
    try:
        yield transport, protocol
    finally:
        if not protocol.lost.done():
            transport.abort()
        await protocol.lost
        await turns(2)


def fill(path: str) -> int:
    """Send to a Unix socket until it is full; return how many datagrams it took."""
    count = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(BlockingIOError):
        sender.setblocking(False)
        while True:
            sender.sendto(b"", path)
            count += 1
    return count


@contextlib.contextmanager
def full_receiver(path: str) -> Iterator[socket.socket]:
    """A Unix datagram socket that has no room for another datagram."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        receiver.setblocking(False)
        fill(path)
        yield receiver


async def receive_filled(receiver: socket.socket, count: int) -> list[bytes]:
    """The next `count` datagrams that are not empty."""
    found: list[bytes] = []
    while len(found) < count:
        data, _ = await receive_from(receiver)
        if data:
            found.append(data)
    return found
