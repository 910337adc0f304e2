"""How a TLS connection ends: by either side, in the middle of things, cleanly and not; each end hears of it once."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from typing import Any

import pytest

from .peers import EchoProtocol, RecordingProtocol, connected, connected_sockets, eventually, run, turns

MEGABYTE = 1_000_000


class Peer:
    """The far end of a connection: a plain socket and an `ssl.SSLObject`, in steps that a test chooses."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    async def call(self, step: Any, *arguments: Any) -> Any:
        """Do a step of TLS as often as it takes, carrying bytes both ways."""
        while True:
            try:
                result = step(*arguments)
            except ssl.SSLWantReadError:
                await self.flush()
                if data := await asyncio.get_running_loop().sock_recv(self.sock, 65536):
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
            else:
                await self.flush()
                return result

    async def flush(self) -> None:
        if data := self.outgoing.read():
            await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def say_close(self) -> None:
        """Send close_notify without waiting for the other one."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.unwrap()
        await self.flush()

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


async def receive(peer: Peer, count: int) -> None:
    """Read so many bytes, or up to the error that ends them."""
    while count > 0:
        count -= len(await peer.call(peer.tls.read, 1 << 20))


class Pair:
    """A TLS transport of the running loop, and a `Peer` that a test drives by hand."""

    def __init__(
        self,
        server_context: ssl.SSLContext,
        client_context: ssl.SSLContext,
        factory: Any = RecordingProtocol,
        **options: Any,
    ) -> None:
        self.contexts = server_context, client_context
        self.factory = factory
        self.options = options

    async def __aenter__(self) -> tuple[Any, Any, Peer]:
        self.sockets = connected_sockets()
        near, far = self.sockets.__enter__()
        peer = Peer(far, self.contexts[0])
        connecting = asyncio.get_running_loop().create_connection(
            self.factory, sock=near.dup(), ssl=self.contexts[1], server_hostname="localhost", **self.options
        )
        (self.transport, protocol), _ = await asyncio.gather(connecting, peer.call(peer.tls.do_handshake))
        near.close()
        return self.transport, protocol, peer

    async def __aexit__(self, *error: object) -> None:
        self.transport.abort()
        await turns()
        self.sockets.__exit__(*error)  # type: ignore[arg-type]


def test_close_sends_what_was_written_and_close_notify(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.write(b"last words")
            transport.close()
            transport.close()
            assert transport.is_closing()
            assert await peer.call(peer.tls.read, 100) == b"last words"
            assert await peer.call(peer.tls.read, 100) == b""  # close_notify
            assert not protocol.lost.done()  # it waits for the peer's
            await peer.call(peer.tls.unwrap)
            assert await protocol.lost is None
            assert peer.sock.recv(100) == b""

    run(loop, main())


def test_close_waits_until_a_slow_peer_has_everything(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.write(bytes(20 * MEGABYTE))
            transport.close()
            left = 20 * MEGABYTE
            while left:
                left -= len(await peer.call(peer.tls.read, 1 << 20))
            assert await peer.call(peer.tls.read, 100) == b""
            await peer.call(peer.tls.unwrap)
            assert await protocol.lost is None

    run(loop, main())


def test_peers_close_is_heard_and_answered(loop, server_context, client_context):
    class LastWords(RecordingProtocol):
        def eof_received(self) -> None:
            super().eof_received()
            assert not self.transport.is_closing()
            self.transport.write(b"last words")

    async def main() -> None:
        async with Pair(server_context, client_context, LastWords) as (transport, protocol, peer):
            peer.tls.write(b"hello")
            await peer.say_close()
            assert await peer.call(peer.tls.read, 100) == b"last words"
            await peer.call(peer.tls.unwrap)
            assert await protocol.lost is None
            assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]
            assert transport.is_closing()

    run(loop, main())


def test_staying_open_after_the_peers_close_has_no_effect(loop, server_context, client_context, asyncio_log):
    async def main() -> None:
        async with Pair(server_context, client_context) as (_, protocol, peer):
            protocol.keep_open = True
            await peer.say_close()
            assert await protocol.lost is None
            text = "returning true from eof_received() has no effect when using ssl"
            assert [each.getMessage() for each in asyncio_log if each.levelname == "WARNING"] == [text]

    run(loop, main())


def test_end_of_the_stream_without_close_notify_is_an_end(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (_, protocol, peer):
            peer.tls.write(b"hello")
            await peer.flush()
            peer.sock.shutdown(socket.SHUT_WR)
            assert await protocol.lost is None
            assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]
            assert peer.sock.recv(100) == b""

    run(loop, main())


def test_what_is_queued_still_goes_to_a_peer_that_only_reads(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.write(bytes(20 * MEGABYTE))
            peer.sock.shutdown(socket.SHUT_WR)
            left = 20 * MEGABYTE
            while left:
                left -= len(await peer.call(peer.tls.read, 1 << 20))
            assert await protocol.lost is None

    run(loop, main())


def test_paused_reader_hears_of_the_end_after_the_bytes_before_it(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.pause_reading()
            peer.tls.write(b"hello")
            await peer.flush()
            peer.sock.shutdown(socket.SHUT_WR)
            await asyncio.sleep(0.05)
            assert protocol.calls == ["connection_made"]
            transport.resume_reading()
            assert await protocol.lost is None
            assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's waits for the peer's close_notify, which cannot come any more
@pytest.mark.parametrize("unread", [b"", b"hello"])
def test_close_waits_for_nobody_after_the_end(loop, server_context, client_context, unread):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.pause_reading()
            if unread:
                peer.tls.write(unread)
                await peer.flush()
            peer.sock.shutdown(socket.SHUT_WR)
            await asyncio.sleep(0.05)
            assert protocol.calls == ["connection_made"]
            transport.close()
            assert await asyncio.wait_for(protocol.lost, 5) is None
            assert "data_received" not in protocol.calls

    run(loop, main())


def test_end_that_comes_while_reading_is_resumed_cuts_nothing_off(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.pause_reading()
            peer.tls.write(bytes(100_000))
            await peer.flush()
            await asyncio.sleep(0.05)
            peer.sock.shutdown(socket.SHUT_WR)
            time.sleep(0.02)  # the loop finds the end in the iteration in which reading is resumed
            loop.call_soon(transport.resume_reading)
            assert await protocol.lost is None
            assert len(protocol.received) == 100_000

    run(loop, main())


def test_reset_reaches_the_protocol(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (_, protocol, peer):
            peer.reset()
            assert isinstance(await protocol.lost, ConnectionResetError)
            assert protocol.calls == ["connection_made", "connection_lost"]

    run(loop, main())


def test_abort_drops_everything(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.write(bytes(20 * MEGABYTE))
            transport.abort()
            transport.abort()
            assert transport.is_closing()
            assert transport.get_write_buffer_size() == 0
            assert protocol.calls[-1] != "connection_lost"
            assert await protocol.lost is None
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await receive(peer, 20 * MEGABYTE)

    run(loop, main())


@pytest.mark.exact_calls  # what the kernel did not take at once is dropped
def test_what_was_written_right_before_abort_is_sent(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.write(b"good")
            transport.write(b"bye")
            transport.abort()
            assert await protocol.lost is None
            assert await peer.call(peer.tls.read, 7) in (b"goodbye", b"good")  # in one record, or in two

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's ends with an error when bytes come after its close_notify
def test_what_the_peer_still_sends_after_close_is_read_over(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.close()
            for _ in range(100):
                peer.tls.write(bytes(100_000))
                await peer.flush()
            assert await peer.call(peer.tls.read, 100) == b""
            await peer.call(peer.tls.unwrap)
            assert await protocol.lost is None
            assert "data_received" not in protocol.calls

    run(loop, main())


@pytest.mark.only_ouroloop  # as above
def test_close_with_unread_bytes_is_clean(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, peer):
            transport.pause_reading()
            for _ in range(10):
                peer.tls.write(bytes(10_000))
            await peer.say_close()
            await asyncio.sleep(0.05)
            transport.close()
            assert await protocol.lost is None
            assert "data_received" not in protocol.calls

    run(loop, main())


@pytest.mark.parametrize("then", ["close", "abort"])
def test_closing_in_a_callback_is_the_last_that_is_heard(loop, server_context, client_context, then):
    class Closing(RecordingProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.transport.write(b"bye")
            getattr(self.transport, then)()

    async def main() -> None:
        async with Pair(server_context, client_context, Closing) as (_, protocol, peer):
            peer.tls.write(b"hello")
            await peer.flush()
            if then == "close":
                assert await peer.call(peer.tls.read, 100) == b"bye"
                await peer.call(peer.tls.unwrap)
            assert await protocol.lost is None
            assert protocol.calls.count("data_received") == 1

    run(loop, main())


def test_shutdown_that_takes_too_long_ends_with_an_error(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context, ssl_shutdown_timeout=0.05) as (
            transport,
            protocol,
            _,
        ):
            transport.close()
            error = await protocol.lost
            assert isinstance(error, TimeoutError)
            assert str(error) == "SSL shutdown timed out"

    run(loop, main())


def test_shutdown_that_nobody_reads_ends_with_an_error(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context, ssl_shutdown_timeout=0.05) as (
            transport,
            protocol,
            _,
        ):
            transport.write(bytes(30 * MEGABYTE))
            transport.close()
            assert isinstance(await protocol.lost, TimeoutError)

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's counts from close(), and cuts off what is still on its way
def test_shutdowns_limit_counts_from_the_last_progress(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context, ssl_shutdown_timeout=0.3) as (
            transport,
            protocol,
            peer,
        ):
            total = left = 30 * MEGABYTE
            transport.write(bytes(total))
            transport.close()
            started = loop.time()
            while left:
                left -= len(await peer.call(peer.tls.read, 16384))
                # 30 megabytes in 0.8 seconds
                ahead = (total - left) / total * 0.8 - (loop.time() - started)
                if ahead > 0.01:
                    await asyncio.sleep(ahead)
            assert await peer.call(peer.tls.read, 100) == b""
            await peer.call(peer.tls.unwrap)
            assert await protocol.lost is None

    run(loop, main())


def test_writes_after_the_end_are_counted_and_reported(loop, server_context, client_context, asyncio_log):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, _):
            transport.abort()
            await protocol.lost
            for _ in range(10):
                transport.write(b"nowhere")
                transport.writelines([b"nowhere"])
            warnings = {each.getMessage() for each in asyncio_log if each.levelname == "WARNING"}
            assert warnings == {"SSL connection is closed"}

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's transport fails with AttributeError by then
def test_transport_tells_what_it_knew_after_the_end(loop, server_context, client_context):
    async def main() -> None:
        async with Pair(server_context, client_context) as (transport, protocol, _):
            transport.abort()
            await protocol.lost
            await turns()
            assert transport.get_extra_info("cipher")
            assert transport.get_protocol() is None
            transport.pause_reading()
            transport.resume_reading()
            await turns()
            transport.close()
            transport.abort()
            assert transport.get_write_buffer_size() == 0
            assert repr(transport)

    run(loop, main())


@pytest.mark.parametrize("damage", ["changed", "garbage", "half"])
def test_damaged_record_ends_the_connection_after_what_came_before(
    loop, server_context, client_context, damage
):
    async def main() -> None:
        async with Pair(server_context, client_context) as (_, protocol, peer):
            peer.tls.write(b"good")
            flight = peer.outgoing.read()
            peer.tls.write(b"bad")
            bad = bytearray(peer.outgoing.read())
            if damage == "changed":
                bad[-1] ^= 1
            elif damage == "garbage":
                bad = bytearray(b"\xff" * 100)
            else:
                del bad[len(bad) // 2 :]
            peer.sock.sendall(flight + bad)
            if damage == "half":
                peer.sock.shutdown(socket.SHUT_WR)
                assert await protocol.lost is None
            else:
                assert isinstance(await protocol.lost, ssl.SSLError)

    run(loop, main())


@pytest.mark.exact_calls
@pytest.mark.only_ouroloop  # the standard library's forgets what came in the same segment, and sends no alert
def test_damaged_record_loses_nothing_before_it_and_is_answered_by_an_alert(
    loop, server_context, client_context
):
    async def main() -> None:
        async with Pair(server_context, client_context) as (_, protocol, peer):
            peer.tls.write(b"good")
            flight = peer.outgoing.read()
            peer.tls.write(b"bad")
            bad = bytearray(peer.outgoing.read())
            bad[-1] ^= 1
            peer.sock.sendall(flight + bad)
            assert isinstance(await protocol.lost, ssl.SSLError)
            assert protocol.received == b"good"
            with pytest.raises(ssl.SSLError, match="ALERT_BAD_RECORD_MAC"):
                await peer.call(peer.tls.read, 100)

    run(loop, main())


FAILURES = {
    "data_received": "Fatal error on SSL protocol",
    "eof_received": "Error calling eof_received()",
}


@pytest.mark.parametrize("callback", FAILURES)
def test_failing_callback_ends_the_connection_with_its_error(
    loop, server_context, client_context, capture_errors, callback
):
    def fail(_protocol: Any, *_arguments: Any) -> None:
        raise ValueError("the protocol's own")

    async def main() -> None:
        factory = type("Failing", (RecordingProtocol,), {callback: fail})
        async with Pair(server_context, client_context, factory) as (_, protocol, peer):
            if callback == "data_received":
                peer.tls.write(b"hello")
                await peer.flush()
            else:
                await peer.say_close()
            assert isinstance(await protocol.lost, ValueError)
            (context,) = capture_errors
            assert context["message"] == FAILURES[callback]
            assert isinstance(context["exception"], ValueError)

    run(loop, main())


def test_failing_connection_made_fails_the_connection(loop, server_context, client_context, capture_errors):
    class Failing(RecordingProtocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            raise ValueError("the protocol's own")

    async def main() -> None:
        with pytest.raises(ValueError, match="the protocol's own"):
            await connected(server_context, client_context, EchoProtocol, Failing)
        await turns(100)
        await eventually(lambda: capture_errors)
        assert len(capture_errors) == 1

    run(loop, main())


def test_interrupt_in_a_callback_leaves_the_loop(loop, server_context, client_context):
    class Interrupting(RecordingProtocol):
        def data_received(self, data: bytes) -> None:
            raise KeyboardInterrupt

    async def prepare() -> tuple[Any, Any]:
        pair = Pair(server_context, client_context, Interrupting)
        return pair, await pair.__aenter__()

    async def wait() -> None:
        await asyncio.sleep(5)

    async def clean(pair: Any, protocol: Any) -> None:
        await pair.__aexit__(None, None, None)
        await protocol.lost

    pair, (_, protocol, peer) = loop.run_until_complete(prepare())
    peer.tls.write(b"hello")
    peer.sock.sendall(peer.outgoing.read())
    waiting = loop.create_task(wait())
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(waiting)
    # The loop goes on, and so does the connection.
    protocol.transport.write(b"still here")
    assert loop.run_until_complete(peer.call(peer.tls.read, 100)) == b"still here"
    waiting.cancel()
    loop.run_until_complete(asyncio.gather(waiting, return_exceptions=True))
    run(loop, clean(pair, protocol))


@pytest.mark.only_ouroloop
def test_callbacks_run_in_the_context_of_their_connection(loop, server_context, client_context):
    import contextvars

    place = contextvars.ContextVar("place", default="nowhere")
    seen: dict[str, set[str]] = {}

    def note(name: str) -> Any:
        def callback(protocol: Any, *arguments: Any) -> Any:
            seen.setdefault(name, set()).add(place.get())
            return getattr(RecordingProtocol, name)(protocol, *arguments)

        return callback

    names = [
        "connection_made",
        "data_received",
        "pause_writing",
        "resume_writing",
        "eof_received",
        "connection_lost",
    ]
    factory = type("Noting", (RecordingProtocol,), {name: note(name) for name in names})

    async def connect() -> Any:
        place.set("here")
        return await connected(server_context, client_context, EchoProtocol, factory)

    async def main() -> None:
        ends = await asyncio.create_task(connect())
        async with ends:
            place.set("elsewhere")
            ends.transport.write(b"hello")
            await ends.near.receive(5)
            asyncio.get_running_loop().call_soon(ends.far.transport.close)
            await ends.near.lost
        del seen["connection_made"]  # in the task that connects, or in a copy of its context
        assert set().union(*seen.values()) == {"here"}

    run(loop, main())
