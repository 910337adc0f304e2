"""The two ends of a connection under test.

`RecordingProtocol` writes down what a transport tells it. `Peer` is the other end: a plain non-blocking
socket polled between turns of the loop, so that it shares no reader, writer or thread with the loop under
test. `connection()` joins them and takes both down again. Every test runs inside `run()`, which bounds its
time.
"""

import asyncio
import contextlib
import select
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar, cast

T = TypeVar("T")
P = TypeVar("P", bound=asyncio.BaseProtocol)

LOOPBACK = "127.0.0.1"
SECONDS_MAX = 20


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
        self.transport: asyncio.Transport | None = None
        self.lost: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.calls.append("connection_made")
        self.transport = cast("asyncio.Transport", transport)

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
        """Take `count` bytes once they have arrived, or fewer if the connection is lost first."""
        await eventually(lambda: len(self.received) >= count or self.lost.done())
        data = bytes(self.received[:count])
        del self.received[:count]
        return data


class EchoProtocol(RecordingProtocol):
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        assert self.transport is not None
        self.transport.write(data)


class Served:
    """A server's protocol factory that remembers what it made."""

    def __init__(self, factory: Callable[[], RecordingProtocol] = EchoProtocol) -> None:
        self.factory = factory
        self.made: list[RecordingProtocol] = []

    def __call__(self) -> RecordingProtocol:
        self.made.append(self.factory())
        return self.made[-1]

    async def ended(self) -> None:
        """Return once every connection made so far is lost and its descriptor closed."""
        for protocol in self.made:
            await protocol.lost
        await turns(2)


class Peer:
    """A plain socket at the far end of a transport's connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock

    async def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self.sock.send(view) :]
            except BlockingIOError:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0)

    async def receive(self, count: int) -> bytes:
        """Exactly `count` bytes, or fewer if the stream ends first."""
        chunks = bytearray()
        while len(chunks) < count:
            data = await self._receive_some(count - len(chunks))
            if not data:
                break
            chunks += data
        return bytes(chunks)

    async def receive_all(self) -> bytes:
        """Everything up to the end of the stream."""
        chunks = bytearray()
        while data := await self._receive_some(1 << 18):
            chunks += data
        return bytes(chunks)

    async def _receive_some(self, count: int) -> bytes:
        attempts = 0
        while True:
            try:
                data = self.sock.recv(count)
            except BlockingIOError:
                attempts += 1
                await asyncio.sleep(0 if attempts < 50 else 0.001)
            else:
                await asyncio.sleep(0)
                return data

    def finish_writing(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close so that the other end sees ECONNRESET instead of the end of the stream."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()


@contextlib.contextmanager
def listening_socket(
    host: str = LOOPBACK, *, family: int = socket.AF_INET, receive_buffer: int | None = None
) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.bind((host, 0))
        sock.listen(100)
        sock.setblocking(False)
        yield sock


def accept_from(listener: socket.socket) -> socket.socket:
    """The next connection; the kernel may complete a handshake a moment after `connect` has returned."""
    ready, _, _ = select.select([listener], [], [], SECONDS_MAX)
    assert ready, "nobody has connected"
    return listener.accept()[0]


@contextlib.contextmanager
def refusing_port(host: str = LOOPBACK, *, family: int = socket.AF_INET) -> Iterator[int]:
    """A port on which every connection is refused: bound, so nobody else takes it, and not listening."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        yield sock.getsockname()[1]


@contextlib.contextmanager
def silent_listener() -> Iterator[tuple[str, int]]:
    """The address of a listener whose backlog is full, so that a connection neither succeeds nor fails."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()


@contextlib.contextmanager
def connected_sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two non-blocking ends of one TCP connection over loopback."""
    with listening_socket() as listener, socket.socket() as near:
        near.connect(listener.getsockname())
        with accept_from(listener) as far:
            near.setblocking(False)
            far.setblocking(False)
            yield near, far


@contextlib.contextmanager
def tls_socket() -> Iterator[ssl.SSLSocket]:
    """A connected socket wrapped for TLS, which no loop takes: its blocking calls would block the loop."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with (
        connected_sockets() as (near, _),
        context.wrap_socket(near, do_handshake_on_connect=False) as wrapped,
    ):
        yield wrapped


@contextlib.asynccontextmanager
async def connection(
    factory: Callable[[], P], *, small_buffers: bool = False
) -> AsyncIterator[tuple[asyncio.Transport, P, Peer]]:
    """A transport of the running loop with its protocol, and the plain socket that it is connected to."""
    loop = asyncio.get_running_loop()
    with listening_socket(receive_buffer=16384 if small_buffers else None) as listener:
        transport, protocol = await loop.create_connection(factory, *listener.getsockname())
        peer = Peer(accept_from(listener))
    sock = transport.get_extra_info("socket")
    if small_buffers:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    try:
        yield transport, protocol, peer
    finally:
        if sock.fileno() != -1:
            transport.abort()
        peer.close()
        await turns(10)


async def block_writing(transport: asyncio.Transport, size: int = 1 << 21) -> bytes:
    """Write until the kernel takes no more and bytes wait in the transport; return all that was written."""
    written = bytearray()
    while not transport.get_write_buffer_size():
        chunk = bytes(size)
        transport.write(chunk)
        written += chunk
        await turns(2)
    return bytes(written)
