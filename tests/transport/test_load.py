"""Many connections at once, and messages cut at random, compared byte by byte."""

import asyncio
import hashlib
import random
from typing import Any

import pytest

from .peers import LOOPBACK, RecordingProtocol, connection, run, turns
from .test_buffered_protocol import BufferedRecording

Loop = asyncio.AbstractEventLoop
HEADER = 4
CHECKSUM = hashlib.sha256().digest_size


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(HEADER, "big") + hashlib.sha256(body).digest() + body


class Framed(asyncio.Protocol):
    """Splits the stream into messages and proves each one's checksum."""

    def __init__(self) -> None:
        self.pending = bytearray()
        self.bodies: list[bytes] = []
        self.transport: asyncio.Transport | None = None
        self.lost: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while len(self.pending) >= HEADER + CHECKSUM:
            end = HEADER + CHECKSUM + int.from_bytes(self.pending[:HEADER], "big")
            if len(self.pending) < end:
                break
            body = bytes(self.pending[HEADER + CHECKSUM : end])
            assert hashlib.sha256(body).digest() == self.pending[HEADER : HEADER + CHECKSUM]
            del self.pending[:end]
            self.message_received(body)

    def message_received(self, body: bytes) -> None:
        self.bodies.append(body)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.lost.set_result(exc)


class Answers(Framed):
    """Sends each message back with its bytes reversed."""

    def message_received(self, body: bytes) -> None:
        assert self.transport is not None
        self.transport.write(framed(body[::-1]))


def test_500_connections_exchange_checksummed_messages_both_ways(loop: Loop) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    randomness = random.Random(seed)
    count = 500
    served: list[Answers] = []

    def factory() -> Answers:
        served.append(Answers())
        return served[-1]

    async def talk(address: Any) -> None:
        sent = [randomness.randbytes(randomness.choice((0, 1, 50, 3000))) for _ in range(5)]
        sent.append(randomness.randbytes(randomness.randrange(1 << 15)))
        transport, protocol = await loop.create_connection(Framed, *address)
        for body in sent:
            transport.write(framed(body))
            if randomness.random() < 0.3:
                await turns(1)
        transport.write_eof()
        assert await protocol.lost is None
        assert protocol.bodies == [body[::-1] for body in sent]
        assert protocol.pending == b""

    async def main() -> None:
        server = await loop.create_server(factory, LOOPBACK, 0, backlog=count)
        address = server.sockets[0].getsockname()
        await asyncio.gather(*(talk(address) for _ in range(count)))
        assert len(served) == count
        for protocol in served:
            assert await protocol.lost is None
            assert protocol.pending == b""
        server.close()
        await turns(5)

    run(loop, main())


class Feeds:
    """Random pieces of a random stream, and the same again however often it is asked for."""

    def __init__(self, randomness: random.Random) -> None:
        self.pieces = [
            randomness.randbytes(randomness.choice((1, 2, 10, 1000, 70_000, 300_000)))
            for _ in range(randomness.randrange(1, 25))
        ]
        self.whole = b"".join(self.pieces)


@pytest.mark.parametrize("attempt", range(5))
def test_writes_of_random_sizes_and_kinds_arrive_as_one_stream(loop: Loop, attempt: int) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    randomness = random.Random(seed)
    feeds = Feeds(randomness)

    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            transport.set_write_buffer_limits(high=randomness.choice((0, 1000, 100_000)))
            receiving = asyncio.ensure_future(peer.receive_all())
            pieces = list(feeds.pieces)
            while pieces:
                count = randomness.randrange(1, 4)
                kind = randomness.choice((bytes, memoryview))
                if count == 1:
                    transport.write(kind(pieces[0]))
                else:
                    transport.writelines([kind(piece) for piece in pieces[:count]])
                del pieces[:count]
                await turns(randomness.randrange(3))
            transport.close()
            assert await receiving == feeds.whole
            assert await protocol.lost is None
            flow = [call for call in protocol.calls if call.endswith("_writing")]
            assert flow == (["pause_writing", "resume_writing"] * len(flow))[: len(flow)]

    run(loop, main())


@pytest.mark.parametrize("attempt", range(5))
@pytest.mark.parametrize("buffered", [False, True], ids=["protocol", "buffered"])
def test_a_stream_cut_at_random_with_random_pauses_arrives_whole(
    loop: Loop, buffered: bool, attempt: int
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    randomness = random.Random(seed)
    feeds = Feeds(randomness)

    def factory() -> Any:
        return BufferedRecording(randomness.randrange(100, 50_000)) if buffered else RecordingProtocol()

    async def main() -> None:
        async with connection(factory) as (transport, protocol, peer):

            async def pause_at_random() -> None:
                while not transport.is_closing():
                    transport.pause_reading()
                    await turns(randomness.randrange(4))
                    transport.resume_reading()
                    await turns(randomness.randrange(6))

            pausing = asyncio.ensure_future(pause_at_random())
            for piece in feeds.pieces:
                await peer.send(piece)
                await turns(randomness.randrange(3))
            peer.finish_writing()
            assert await protocol.lost is None
            assert protocol.received == feeds.whole
            await pausing

    run(loop, main())
