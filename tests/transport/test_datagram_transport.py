"""Datagram transports: receiving, sending, errors, contexts."""

import asyncio
import contextlib
import contextvars
import os
import socket
import weakref
from typing import Any

import pytest

from .datagram_peers import DatagramEcho, DatagramRecorder, datagram_sockets, endpoint, receive_from
from .peers import LOOPBACK, eventually, run, turns

Loop = asyncio.AbstractEventLoop

# Receiving


@pytest.mark.reference_since(3, 12)
def test_a_datagram_transport_is_an_asyncio_datagram_transport(loop: Loop) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder) as (transport, protocol):
            assert isinstance(transport, asyncio.DatagramTransport)
            assert isinstance(transport, asyncio.Transport)
            assert transport is protocol.transport
            assert transport.get_protocol() is protocol
            assert weakref.ref(transport)() is transport
            assert hash(transport) == hash(transport)
            transport.kept = "for later"  # type: ignore[attr-defined]
            assert transport.kept == "for later"  # type: ignore[attr-defined]

    run(loop, main())


@pytest.mark.parametrize("host", [LOOPBACK, "::1"])
def test_datagrams_come_with_their_senders_address(loop: Loop, host: str) -> None:
    async def main() -> None:
        with datagram_sockets(3, host) as senders:
            async with endpoint(DatagramRecorder, local_addr=(host, 0)) as (transport, protocol):
                own = transport.get_extra_info("sockname")
                for number in range(30):
                    senders[number % 3].sendto(b"%d" % number, own)
                for number in range(30):
                    expected = (b"%d" % number, senders[number % 3].getsockname())
                    assert await protocol.receive() == expected

    run(loop, main())


@pytest.mark.reference_since(3, 12)
def test_a_paused_endpoint_receives_later(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (sender,):
            async with endpoint(DatagramRecorder, local_addr=(LOOPBACK, 0)) as (transport, protocol):
                assert transport.is_reading()
                for _ in range(2):
                    transport.pause_reading()
                assert not transport.is_reading()
                sender.sendto(b"early", transport.get_extra_info("sockname"))
                await turns(10)
                assert not protocol.received
                for _ in range(2):
                    transport.resume_reading()
                assert (await protocol.receive())[0] == b"early"
                transport.close()
                assert not transport.is_reading()
                transport.pause_reading()
                transport.resume_reading()

    run(loop, main())


@pytest.mark.reference_since(3, 12)
def test_an_endpoint_that_is_paused_in_a_callback_receives_no_more(loop: Loop) -> None:
    class Pausing(DatagramRecorder):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            super().datagram_received(data, addr)
            self.transport.pause_reading()  # type: ignore[union-attr]

    async def main() -> None:
        with datagram_sockets(1) as (sender,):
            async with endpoint(Pausing, local_addr=(LOOPBACK, 0)) as (transport, protocol):
                for number in range(3):
                    sender.sendto(b"%d" % number, transport.get_extra_info("sockname"))
                for number in range(3):
                    assert (await protocol.receive())[0] == b"%d" % number
                    await turns(5)
                    assert not protocol.received
                    transport.resume_reading()

    run(loop, main())


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("write", (b"x",)), ("writelines", ([b"x"],)), ("write_eof", ()), ("can_write_eof", ())],
)
def test_what_only_streams_can_do_is_not_implemented(
    loop: Loop, method: str, arguments: tuple[Any, ...]
) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder) as (transport, _):
            with pytest.raises(NotImplementedError):
                getattr(transport, method)(*arguments)

    run(loop, main())


def test_a_host_that_cannot_be_encoded_is_reported_in_the_socket_modules_words(
    loop: Loop, capture_errors: list[dict[str, Any]]
) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder) as (transport, protocol):
            transport.sendto(b"x", ("\udcff", 9))
            assert isinstance(await protocol.lost, TypeError)
        [context] = capture_errors
        assert str(context["exception"]) == "encoding of hostname failed"

    run(loop, main())


@pytest.mark.parametrize("hosts", [("127.0.0.1", "127.0.0.2", "127.0.1.1"), ("::1", "::ffff:127.0.0.1")])
def test_senders_on_several_hosts_are_told_apart(loop: Loop, hosts: tuple[str, ...]) -> None:
    async def main() -> None:
        any_host = "::" if ":" in hosts[0] else "0.0.0.0"
        async with endpoint(DatagramRecorder, local_addr=(any_host, 0)) as (transport, protocol):
            port = transport.get_extra_info("sockname")[1]
            with contextlib.ExitStack() as stack:
                senders = []
                for host in hosts * 2:
                    family = socket.AF_INET6 if ":" in host else socket.AF_INET
                    sender = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                    sender.bind((host, 0))
                    senders.append(sender)
                for number, sender in enumerate(senders):
                    sender.sendto(b"%d" % number, (sender.getsockname()[0], port))
                    assert await protocol.receive() == (b"%d" % number, sender.getsockname())
                for number, sender in enumerate(senders):
                    sender.sendto(b"%d" % number, (sender.getsockname()[0], port))
                for number, sender in enumerate(senders):
                    assert await protocol.receive() == (b"%d" % number, sender.getsockname())

    run(loop, main())


def test_an_empty_datagram_is_delivered(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (sender,):
            async with endpoint(DatagramRecorder) as (transport, protocol):
                sender.sendto(b"", transport.get_extra_info("sockname"))
                assert await protocol.receive() == (b"", sender.getsockname())
                assert not transport.is_closing()

    run(loop, main())


def test_the_largest_datagram_is_delivered_whole(loop: Loop) -> None:
    data = os.urandom(65_507)

    async def main() -> None:
        async with endpoint(DatagramEcho) as (transport, _), endpoint(DatagramRecorder) as (sender, protocol):
            sender.sendto(data, transport.get_extra_info("sockname"))
            assert (await protocol.receive())[0] == data

    run(loop, main())


def test_a_flooded_endpoint_starves_nobody(loop: Loop) -> None:
    """However much has arrived, the loop gets round."""
    passed: list[int] = []

    async def main() -> None:
        with datagram_sockets(1) as (sender,):
            async with endpoint(DatagramRecorder) as (transport, protocol):
                address = transport.get_extra_info("sockname")
                for _ in range(200):
                    sender.sendto(b"x", address)
                while len(protocol.received) < 200:
                    passed.append(len(protocol.received))
                    await turns(1)

    run(loop, main())
    assert len(passed) > 5


def test_closing_in_a_callback_ends_the_delivery(loop: Loop) -> None:
    class ClosesAtOnce(DatagramRecorder):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            super().datagram_received(data, addr)
            assert self.transport is not None
            self.transport.close()

    async def main() -> None:
        with datagram_sockets(1) as (sender,):
            async with endpoint(ClosesAtOnce) as (transport, protocol):
                for _ in range(5):
                    sender.sendto(b"x", transport.get_extra_info("sockname"))
                assert await protocol.lost is None
                assert protocol.calls == ["connection_made", "datagram_received", "connection_lost"]

    run(loop, main())


def test_a_protocol_may_be_exchanged(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (sender,):
            async with endpoint(DatagramRecorder) as (transport, first):
                second = DatagramRecorder()
                transport.set_protocol(second)
                assert transport.get_protocol() is second
                sender.sendto(b"x", transport.get_extra_info("sockname"))
                assert (await second.receive())[0] == b"x"
                assert first.received == []
                transport.set_protocol(first)

    run(loop, main())


def test_a_callback_that_fails_is_reported_and_the_endpoint_goes_on(
    loop: Loop, capture_errors: list[dict[str, Any]]
) -> None:
    class FailsOnce(DatagramRecorder):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            super().datagram_received(data, addr)
            if data == b"bad":
                raise ZeroDivisionError

    async def main() -> None:
        with datagram_sockets(1) as (sender,):
            async with endpoint(FailsOnce) as (transport, protocol):
                for data in (b"bad", b"good"):
                    sender.sendto(data, transport.get_extra_info("sockname"))
                await eventually(lambda: len(protocol.received) == 2)
                assert not transport.is_closing()

    run(loop, main())
    [context] = capture_errors
    assert isinstance(context["exception"], ZeroDivisionError)
    assert context["message"].startswith("Exception in callback ")


def test_a_connection_made_that_fails_is_reported(loop: Loop, capture_errors: list[dict[str, Any]]) -> None:
    class Fails(DatagramRecorder):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            raise ZeroDivisionError

    async def main() -> None:
        async with endpoint(Fails) as (transport, _):
            assert not transport.is_closing()

    run(loop, main())
    [context] = capture_errors
    assert isinstance(context["exception"], ZeroDivisionError)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_callback_leaves_the_loop(loop: Loop, error: type[BaseException]) -> None:
    class Interrupts(DatagramRecorder):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            raise error

    made: list[asyncio.DatagramTransport] = []

    async def main() -> None:
        transport, _ = await loop.create_datagram_endpoint(Interrupts, local_addr=(LOOPBACK, 0))
        made.append(transport)
        with datagram_sockets(1) as (sender,):
            sender.sendto(b"x", transport.get_extra_info("sockname"))
        await asyncio.Event().wait()

    task = loop.create_task(main())
    with pytest.raises(error):
        loop.run_until_complete(task)
    task.cancel()
    made[0].abort()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)


# Sending


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview], ids=lambda make: make.__name__)
def test_what_is_sent_may_be_of_several_types(loop: Loop, make: Any) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (receiver,):
            async with endpoint(DatagramRecorder) as (transport, _):
                assert transport.sendto(make(b"data"), receiver.getsockname()) is None
                assert await receive_from(receiver) == (b"data", transport.get_extra_info("sockname"))

    run(loop, main())


@pytest.mark.parametrize("data", ["text", 5, None, [1]], ids=repr)
def test_other_data_is_a_type_error(loop: Loop, data: Any) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder) as (transport, _):
            name = type(data).__name__
            with pytest.raises(TypeError, match=f"^data argument must be a bytes-like object, not '{name}'$"):
                transport.sendto(data, (LOOPBACK, 1))
            assert not transport.is_closing()

    run(loop, main())


@pytest.mark.reference_since(3, 13)
def test_an_empty_datagram_is_sent(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (receiver,):
            async with endpoint(DatagramRecorder) as (transport, _):
                transport.sendto(b"", receiver.getsockname())
                assert (await receive_from(receiver))[0] == b""

    run(loop, main())


@pytest.mark.parametrize("host", [LOOPBACK, "::1"])
def test_a_connected_endpoint_needs_no_address(loop: Loop, host: str) -> None:
    async def main() -> None:
        with datagram_sockets(1, host) as (receiver,):
            there = receiver.getsockname()
            async with endpoint(DatagramRecorder, remote_addr=there[:2]) as (transport, protocol):
                assert transport.get_extra_info("peername") == there
                transport.sendto(b"one")
                transport.sendto(b"two", None)
                transport.sendto(b"three", there)
                for expected in (b"one", b"two", b"three"):
                    data, sender = await receive_from(receiver)
                    assert data == expected
                    assert sender == transport.get_extra_info("sockname")
                receiver.sendto(b"back", sender)
                assert await protocol.receive() == (b"back", there)

    run(loop, main())


def test_a_connected_endpoint_sends_nowhere_else(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(2) as (receiver, other):
            there = receiver.getsockname()
            async with endpoint(DatagramRecorder, remote_addr=there) as (transport, _):
                with pytest.raises(ValueError, match="Invalid address") as error:
                    transport.sendto(b"x", other.getsockname())
                assert str(error.value) == f"Invalid address: must be None or {there}"
                assert not transport.is_closing()

    run(loop, main())


def test_a_connected_endpoint_hears_only_its_peer(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(2) as (peer, stranger):
            async with endpoint(DatagramRecorder, remote_addr=peer.getsockname()) as (transport, protocol):
                own = transport.get_extra_info("sockname")
                with contextlib.suppress(ConnectionRefusedError):
                    stranger.sendto(b"hello", own)
                peer.sendto(b"hello", own)
                assert (await protocol.receive())[1] == peer.getsockname()
                assert protocol.received == []

    run(loop, main())


def test_a_name_is_resolved(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (receiver,):
            async with endpoint(DatagramRecorder) as (transport, _):
                transport.sendto(b"x", ("localhost", receiver.getsockname()[1]))
                assert (await receive_from(receiver))[0] == b"x"

    run(loop, main())


@pytest.mark.parametrize(
    "address",
    [
        None,
        "text",
        (LOOPBACK,),
        (LOOPBACK, "port"),
        (LOOPBACK, 70_000),
        (LOOPBACK, -1),
        (5, 5),
        (LOOPBACK, 1, 2),
    ],
    ids=repr,
)
def test_an_address_that_is_none_ends_the_endpoint(
    loop: Loop, capture_errors: list[dict[str, Any]], address: Any
) -> None:
    """So it does in the standard library: the mistake goes to the handler, and to `connection_lost`."""

    async def main() -> BaseException | None:
        async with endpoint(DatagramRecorder) as (transport, protocol):
            transport.sendto(b"x", address)
            assert transport.is_closing()
            return await protocol.lost

    error = run(loop, main())
    assert isinstance(error, (TypeError, OverflowError))
    [context] = capture_errors
    assert context["exception"] is error
    assert context["message"] == "Fatal write error on datagram transport"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain, pytest.raises(type(error)) as reference:
        plain.sendto(b"x", address)
    assert str(error) == str(reference.value)


@pytest.mark.parametrize("host", ["127.0.0.1\0", "\ud800"], ids=ascii)
def test_a_host_that_is_no_text_ends_the_endpoint(
    loop: Loop, capture_errors: list[dict[str, Any]], host: str
) -> None:
    async def main() -> BaseException | None:
        async with endpoint(DatagramRecorder) as (transport, protocol):
            transport.sendto(b"x", (host, 9))
            return await protocol.lost

    assert isinstance(run(loop, main()), (TypeError, ValueError))
    assert len(capture_errors) == 1


def test_a_name_that_cannot_be_resolved_is_told_to_the_protocol(loop: Loop) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder) as (transport, protocol):
            transport.sendto(b"x", ("name.invalid", 9))
            assert isinstance(await protocol.failure(), socket.gaierror)
            assert not transport.is_closing()

    run(loop, main())


def test_a_datagram_that_is_too_large_is_told_to_the_protocol(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (receiver,):
            async with endpoint(DatagramRecorder) as (transport, protocol):
                transport.sendto(bytes(70_000), receiver.getsockname())
                assert (await protocol.failure()).strerror == "Message too long"
                transport.sendto(b"small", receiver.getsockname())
                assert (await receive_from(receiver))[0] == b"small"

    run(loop, main())


def test_a_connected_endpoint_hears_that_nobody_listens_and_goes_on(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (receiver,):
            address = receiver.getsockname()
            async with endpoint(DatagramRecorder, remote_addr=address) as (transport, protocol):
                receiver.close()
                transport.sendto(b"x")
                assert isinstance(await protocol.failure(), ConnectionRefusedError)
                assert not transport.is_closing()
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
                    again.bind(address)
                    again.setblocking(False)
                    transport.sendto(b"y")
                    assert (await receive_from(again))[0] == b"y"

    run(loop, main())


@pytest.mark.exact_calls
def test_an_error_callback_that_fails_reaches_the_sender(loop: Loop) -> None:
    class Fails(DatagramRecorder):
        def error_received(self, exc: Exception) -> None:
            raise ZeroDivisionError

    async def main() -> None:
        async with endpoint(Fails) as (transport, _):
            with pytest.raises(ZeroDivisionError):
                transport.sendto(bytes(70_000), (LOOPBACK, 9))

    run(loop, main())


def test_an_echo_of_many_senders(loop: Loop) -> None:
    async def exchange(server: Any, number: int) -> None:
        async with endpoint(DatagramRecorder, remote_addr=server) as (transport, protocol):
            for turn in range(10):
                data = b"%d/%d" % (number, turn)
                transport.sendto(data)
                assert await protocol.receive() == (data, server)

    async def main() -> None:
        async with endpoint(DatagramEcho) as (transport, _):
            server = transport.get_extra_info("sockname")
            await asyncio.gather(*(exchange(server, number) for number in range(50)))

    run(loop, main())


# Contexts and words


def test_every_callback_runs_in_the_context_of_the_maker(loop: Loop) -> None:
    place: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="nowhere")
    places: dict[str, str] = {}

    class NotesPlace(DatagramRecorder):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            places["connection_made"] = place.get()

        def datagram_received(self, data: bytes, addr: Any) -> None:
            super().datagram_received(data, addr)
            places["datagram_received"] = place.get()

        def error_received(self, exc: Exception) -> None:
            super().error_received(exc)
            places["error_received"] = place.get()

        def connection_lost(self, exc: BaseException | None) -> None:
            super().connection_lost(exc)
            places["connection_lost"] = place.get()

    async def main() -> None:
        with datagram_sockets(1) as (peer,):
            place.set("maker")
            address = peer.getsockname()
            transport, protocol = await loop.create_datagram_endpoint(NotesPlace, remote_addr=address)
            place.set("elsewhere")
            peer.sendto(b"x", transport.get_extra_info("sockname"))
            await protocol.receive()
            peer.close()
            transport.sendto(b"x")
            await protocol.failure()
            transport.close()
            await protocol.lost

    run(loop, main())
    expected = dict.fromkeys(
        ["connection_made", "datagram_received", "error_received", "connection_lost"], "maker"
    )
    if type(loop).__module__.startswith("asyncio."):
        expected["connection_lost"] = "elsewhere"
    assert places == expected


@pytest.mark.only_ouroloop
def test_a_repr_says_what_the_endpoint_does(loop: Loop) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder) as (transport, protocol):
            number = transport.get_extra_info("socket").fileno()
            assert repr(transport) == (
                f"<DatagramTransport fd={number} read=polling write=<idle, bufsize=0>>"
            )
            transport.close()
            assert repr(transport) == (
                f"<DatagramTransport closing fd={number} read=idle write=<idle, bufsize=0>>"
            )
            await protocol.lost
            await turns()
            assert repr(transport) == "<DatagramTransport closed>"

    run(loop, main())
