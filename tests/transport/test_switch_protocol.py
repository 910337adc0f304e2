"""A connection handed from one protocol to another."""

import asyncio

import pytest

from .peers import RecordingProtocol, block_writing, connection, eventually, run, turns

Loop = asyncio.AbstractEventLoop


class HandsOver(RecordingProtocol):
    """Gives its connection away in one of its callbacks."""

    def __init__(self, callback: str) -> None:
        super().__init__()
        self.callback = callback
        self.successor = RecordingProtocol()

    def act(self, callback: str) -> None:
        if callback == self.callback:
            assert self.transport is not None
            self.transport.set_protocol(self.successor)
            assert self.transport.get_protocol() is self.successor

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.act("connection_made")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.act("data_received")

    def eof_received(self) -> bool | None:
        super().eof_received()
        self.act("eof_received")
        return None


@pytest.mark.parametrize(
    ("callback", "before", "after"),
    [
        ("connection_made", ["connection_made"], ["data_received", "eof_received", "connection_lost"]),
        ("data_received", ["connection_made", "data_received"], ["eof_received", "connection_lost"]),
        ("eof_received", ["connection_made", "data_received", "eof_received"], ["connection_lost"]),
    ],
)
def test_the_next_protocol_is_told_what_comes_next_and_nothing_before(
    loop: Loop, callback: str, before: list[str], after: list[str]
) -> None:
    async def main() -> None:
        async with connection(lambda: HandsOver(callback)) as (_, first, peer):
            await peer.send(b"x")
            peer.finish_writing()
            assert await first.successor.lost is None
            assert first.calls == before
            assert first.successor.calls == after

    run(loop, main())


def test_create_connection_returns_the_protocol_that_the_factory_made(loop: Loop) -> None:
    async def main() -> None:
        async with connection(lambda: HandsOver("connection_made")) as (transport, first, _):
            assert type(first) is HandsOver
            assert transport.get_protocol() is first.successor

    run(loop, main())


def test_bytes_go_to_the_protocol_of_the_moment(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, first, peer):
            second = RecordingProtocol()
            for turn in range(6):
                protocol = (first, second)[turn % 2]
                transport.set_protocol(protocol)
                await peer.send(b"%d" % turn)
                await eventually(lambda turn=turn, protocol=protocol: len(protocol.received) > turn // 2)
            assert (first.received, second.received) == (b"024", b"135")

    run(loop, main())


def test_flow_control_goes_to_the_protocol_of_the_moment(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, first, peer):
            written = await block_writing(transport)
            second = RecordingProtocol()
            transport.set_protocol(second)
            await peer.receive(len(written))
            await turns()
            assert first.calls == ["connection_made", "pause_writing"]
            assert second.calls == ["resume_writing"]

    run(loop, main())


def test_a_switch_while_paused_gives_the_waiting_bytes_to_the_new_protocol(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, first, peer):
            transport.pause_reading()
            await peer.send(b"for the second")
            await turns()
            second = RecordingProtocol()
            transport.set_protocol(second)
            transport.resume_reading()
            assert await second.receive(14) == b"for the second"
            assert first.calls == ["connection_made"]

    run(loop, main())


def test_a_protocol_that_defines_only_some_callbacks_is_enough(loop: Loop) -> None:
    """Callbacks are looked up on the object: a class of its own or an instance attribute will do."""

    class Minimal:
        def __init__(self) -> None:
            self.received: list[bytes] = []
            self.data_received = self.received.append
            self.ended: list[BaseException | None] = []

        def connection_made(self, transport: object) -> None:
            pass

        def eof_received(self) -> None:
            pass

        def connection_lost(self, exc: BaseException | None) -> None:
            self.ended.append(exc)

    async def main() -> None:
        async with connection(Minimal) as (_, protocol, peer):  # type: ignore[type-var]
            await peer.send(b"x")
            peer.finish_writing()
            await eventually(lambda: protocol.ended)
            assert protocol.received == [b"x"]
            assert protocol.ended == [None]

    run(loop, main())


def test_a_callback_replaced_on_the_protocol_is_the_one_that_is_called(loop: Loop) -> None:
    received: list[bytes] = []

    async def main() -> None:
        async with connection(RecordingProtocol) as (_, protocol, peer):
            await peer.send(b"old")
            assert await protocol.receive(3) == b"old"
            protocol.data_received = received.append  # type: ignore[method-assign,assignment]
            await peer.send(b"new")
            await eventually(lambda: received)

    run(loop, main())
    assert received == [b"new"]
