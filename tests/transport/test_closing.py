"""`close` sends what waits, `abort` drops it, and each way to end is one `connection_lost`."""

import asyncio
import contextlib
import gc
import itertools
import logging
import socket
import warnings
import weakref
from collections.abc import Callable, Iterator

import pytest

from .peers import RecordingProtocol, accept_from, block_writing, connection, listening_socket, run, turns
from .reference import skip_standard_library

Loop = asyncio.AbstractEventLoop


def test_close_sends_what_waits_and_then_ends_the_stream(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            written = await block_writing(transport)
            transport.write(b"the end")
            transport.close()
            assert transport.is_closing()
            await turns()
            assert not protocol.lost.done()
            assert await peer.receive_all() == written + b"the end"
            assert await protocol.lost is None

    run(loop, main())


def test_close_with_nothing_waiting_ends_the_stream_at_once(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.write(b"bye")
            transport.close()
            assert await protocol.lost is None
            assert await peer.receive_all() == b"bye"

    run(loop, main())


def test_abort_drops_what_waits(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            written = await block_writing(transport)
            transport.abort()
            assert transport.is_closing()
            assert transport.get_write_buffer_size() == 0
            assert await protocol.lost is None
            received = 0
            with contextlib.suppress(ConnectionResetError):
                received = len(await peer.receive_all())
            assert received < len(written)

    run(loop, main())


@pytest.mark.exact_calls  # what the kernel did not take at once is dropped
@pytest.mark.parametrize("turn", [False, True], ids=["in the same callback", "in a callback of the protocol"])
def test_what_was_written_right_before_abort_is_sent(loop: Loop, turn: bool) -> None:
    class Answering(RecordingProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.transport.write(b"good")
            self.transport.write(b"bye")
            self.transport.abort()

    async def main() -> None:
        async with connection(Answering) as (transport, protocol, peer):
            if turn:
                await peer.send(b"hello")
            else:
                transport.write(b"good")
                transport.write(b"bye")
                transport.abort()
            assert await protocol.lost is None
            assert await peer.receive_all() == b"goodbye"

    run(loop, main())


def test_abort_after_close_drops_what_close_was_still_sending(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, _peer):
            await block_writing(transport)
            transport.close()
            await turns()
            assert not protocol.lost.done()
            transport.abort()
            assert await protocol.lost is None
            assert transport.get_write_buffer_size() == 0

    run(loop, main())


@pytest.mark.parametrize(
    "methods", list(itertools.product(["close", "abort", "write_eof"], repeat=3)), ids="-".join
)
@pytest.mark.parametrize("blocked", [False, True], ids=["idle", "blocked"])
def test_every_sequence_of_ends_is_one_connection_lost(
    loop: Loop, methods: tuple[str, ...], blocked: bool
) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, _peer):
            if blocked:
                await block_writing(transport)
            for method in methods:
                getattr(transport, method)()
            transport.abort()
            assert await protocol.lost is None
            await turns(10)
            assert protocol.calls.count("connection_lost") == 1

    run(loop, main())


def test_abort_after_connection_lost_is_harmless(loop: Loop) -> None:
    skip_standard_library(loop, "fails with AttributeError when close had bytes to send")

    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            await block_writing(transport)
            transport.close()
            await peer.receive_all()
            await protocol.lost
            transport.abort()
            transport.close()
            await turns()
            assert protocol.calls.count("connection_lost") == 1

    run(loop, main())


def test_a_peer_that_resets_while_close_still_sends_is_an_error(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            await block_writing(transport)
            transport.close()
            peer.reset()
            assert isinstance(await protocol.lost, ConnectionResetError | BrokenPipeError)

    run(loop, main())


def test_the_descriptor_is_closed_after_connection_lost(loop: Loop) -> None:
    open_during: list[bool] = []

    class LooksAtSocket(RecordingProtocol):
        def connection_lost(self, exc: BaseException | None) -> None:
            assert self.transport is not None
            open_during.append(self.transport.get_extra_info("socket").fileno() >= 0)
            super().connection_lost(exc)

    async def main() -> None:
        async with connection(LooksAtSocket) as (transport, protocol, peer):
            transport.close()
            await protocol.lost
            await turns(2)
            assert transport.get_extra_info("socket").fileno() == -1
            assert await peer.receive_all() == b""

    run(loop, main())
    assert open_during == [True]


def lines_logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int, str]]:
    return [record for record in caplog.record_tuples if record[0] == "asyncio"]


@pytest.mark.parametrize("method", ["close", "abort"])
def test_writes_to_a_closed_transport_are_dropped_and_logged_from_the_fifth_on(
    loop: Loop, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            getattr(transport, method)()
            with caplog.at_level(logging.WARNING, logger="asyncio"):
                for _ in range(4):
                    transport.write(b"")
                    transport.write(b"lost")
                assert lines_logged(caplog) == []
                for _ in range(3):
                    transport.write(b"lost")
            expected = ("asyncio", logging.WARNING, "socket.send() raised exception.")
            assert lines_logged(caplog) == [expected] * 3
            await protocol.lost
            assert await peer.receive_all() == b""

    run(loop, main())


def test_writes_after_the_connection_was_lost_are_dropped(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            peer.close()
            await protocol.lost
            for _ in range(4):
                transport.write(b"lost")
            assert transport.get_write_buffer_size() == 0

    run(loop, main())


def test_writelines_after_the_connection_was_lost_is_dropped(loop: Loop) -> None:
    skip_standard_library(loop, "writelines fails on a closed transport", since=(3, 12))

    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.close()
            transport.writelines([b"lo", b"st"])
            await protocol.lost
            transport.writelines([b"lo", b"st"])
            assert transport.get_write_buffer_size() == 0
            assert await peer.receive_all() == b""

    run(loop, main())


def test_a_lost_transport_has_no_protocol(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, _):
            transport.close()
            await protocol.lost
            await turns(2)
            assert transport.get_protocol() is None

    run(loop, main())


def test_a_lost_transport_and_its_protocol_are_freed(loop: Loop) -> None:
    async def main() -> list[weakref.ref[object]]:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            peer.close()
            await protocol.lost
        return [weakref.ref(transport), weakref.ref(protocol)]

    references = run(loop, main())
    run(loop, turns())
    gc.collect()
    assert [reference() for reference in references] == [None, None]


async def abandoned(loop: Loop, listener: socket.socket, *, paused: bool) -> asyncio.Transport:
    transport, _ = await loop.create_connection(asyncio.Protocol, *listener.getsockname())
    if paused:
        transport.pause_reading()
    return transport


@contextlib.contextmanager
def unclosed_transport_warned() -> Iterator[None]:
    """Expect one warning; the socket of a transport in a reference cycle may add its own."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        gc.collect()
    texts = [str(each.message) for each in caught if issubclass(each.category, ResourceWarning)]
    assert len([text for text in texts if text.startswith("unclosed transport <")]) == 1, texts


def test_a_paused_transport_that_nobody_holds_warns_and_closes(loop: Loop) -> None:
    with listening_socket() as listener:
        transport = run(loop, abandoned(loop, listener, paused=True))
        with accept_from(listener) as far:
            with unclosed_transport_warned():
                del transport
            far.settimeout(5)
            assert far.recv(1) == b""


def test_a_transport_that_outlives_its_loop_warns_and_closes(loop_factory: Callable[[], Loop]) -> None:
    loop = loop_factory()
    with listening_socket() as listener:
        transport = run(loop, abandoned(loop, listener, paused=False))
        loop.close()
        with accept_from(listener) as far:
            assert repr(transport).startswith("<")
            with unclosed_transport_warned():
                del transport
            far.settimeout(5)
            assert far.recv(1) == b""


def test_a_transport_that_was_closed_does_not_warn(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, _):
            transport.close()
            await protocol.lost

    run(loop, main())
    gc.collect()  # a ResourceWarning is an error in this suite
