"""How clients behave: each manner is one connection from beginning to end. All bytes that come back are checked.

A manner raises AssertionError where the echo is not what was sent. Resets belong to those who cause them.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

from ouroloop import asyncio

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    Connect = Callable[[], Awaitable[tuple[Any, Any]]]
    Manner = Callable[[Connect, random.Random], Awaitable[int]]

SECONDS_MAX = 60


async def close(writer: Any) -> None:
    writer.close()
    await writer.wait_closed()


async def steady(connect: Connect, source: random.Random) -> int:
    """Asks and waits for the answer, again and again."""
    reader, writer = await connect()
    total = 0
    for _ in range(source.randrange(1, 60)):
        data = source.randbytes(source.choice([1, 64, 1024, 10_000, 100_000]))
        writer.write(data)
        await writer.drain()
        assert await reader.readexactly(len(data)) == data, "steady: another answer"
        total += len(data)
    await close(writer)
    return total


async def flooding(connect: Connect, source: random.Random) -> int:
    """Writes without reading for a while, so that both ends push back."""
    reader, writer = await connect()
    data = source.randbytes(source.randrange(100_000, 2_000_000))

    async def write() -> None:
        for start in range(0, len(data), 50_000):
            writer.write(data[start : start + 50_000])
            await writer.drain()

    writing = asyncio.create_task(write())
    await asyncio.sleep(source.random() * 0.05)
    received = await reader.readexactly(len(data))
    await writing
    assert received == data, "flooding: another answer"
    await close(writer)
    return len(data)


async def slow(connect: Connect, source: random.Random) -> int:
    """Reads little by little, with pauses."""
    reader, writer = await connect()
    data = source.randbytes(200_000)
    writer.write(data)
    received = bytearray()
    while len(received) < len(data):
        part = await reader.read(source.randrange(1, 20_000))
        assert part, "slow: the answer ended early"
        received += part
        await asyncio.sleep(source.random() * 0.004)
    assert received == data, "slow: another answer"
    await close(writer)
    return len(data)


async def half_closing(connect: Connect, source: random.Random) -> int:
    """Ends its own direction at once and reads the answer to its end."""
    reader, writer = await connect()
    data = source.randbytes(source.randrange(0, 300_000))
    writer.write(data)
    if not writer.can_write_eof():
        # TLS knows no such thing.
        assert await reader.readexactly(len(data)) == data
        await close(writer)
        return len(data)
    writer.write_eof()
    assert await reader.read(-1) == data, "half-closing: another answer"
    await close(writer)
    return len(data)


async def resetting(connect: Connect, source: random.Random) -> int:
    """Goes away in the middle, without a goodbye."""
    reader, writer = await connect()
    sock = writer.get_extra_info("socket")
    if sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    data = source.randbytes(100_000)
    writer.write(data)
    received = await reader.read(source.randrange(1, 50_000))
    assert data.startswith(received), "resetting: another answer"
    writer.transport.abort()
    return len(received)


async def cancelled(connect: Connect, source: random.Random) -> int:
    """Is cancelled while it waits for an answer."""

    async def talk() -> None:
        _, writer = await connect()
        try:
            await steady_on(writer)
        finally:
            writer.transport.abort()

    async def steady_on(writer: Any) -> None:
        while True:
            writer.write(b"x" * 5000)
            await writer.drain()
            await asyncio.sleep(0)

    task = asyncio.create_task(talk())
    await asyncio.sleep(source.random() * 0.03)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return 0
    raise AssertionError("cancelled: it went on")


async def idle(connect: Connect, source: random.Random) -> int:
    """Says nothing for a while, then little."""
    reader, writer = await connect()
    await asyncio.sleep(source.random() * 3)
    writer.write(b"still here\n")
    assert await reader.readline() == b"still here\n", "idle: another answer"
    await close(writer)
    return 11


ALL: dict[str, Manner] = {
    each.__name__: each for each in (steady, flooding, slow, half_closing, resetting, cancelled, idle)
}


class DatagramClient(asyncio.DatagramProtocol):
    """Sends one datagram at a time and waits for it to come back."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.answers.put_nowait(data)


async def datagrams(port: int, source: random.Random) -> int:
    """A few datagrams, each answered once."""
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(DatagramClient, remote_addr=("127.0.0.1", port))
    total = 0
    try:
        for _ in range(source.randrange(1, 50)):
            data = source.randbytes(source.choice([0, 1, 64, 1400, 30_000]))
            transport.sendto(data)
            answer = await asyncio.wait_for(client.answers.get(), SECONDS_MAX)
            assert answer == data, "datagrams: another answer"
            total += len(data)
        assert client.answers.empty(), "datagrams: more answers than questions"
    finally:
        transport.close()
    return total
