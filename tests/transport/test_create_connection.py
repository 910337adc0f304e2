"""Connections made by address, by name and from a socket."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from .peers import (
    LOOPBACK,
    RecordingProtocol,
    accept_from,
    connected_sockets,
    listening_socket,
    refusing_port,
    run,
    silent_listener,
    turns,
)

Loop = asyncio.AbstractEventLoop
ResolveAs = Callable[[str, list[tuple[str, int]]], None]


async def connect_and_say(loop: Loop, listener: socket.socket, *arguments: Any, **options: Any) -> bytes:
    """Connect, send a byte, and return what the far end of that connection reads."""
    transport, protocol = await loop.create_connection(RecordingProtocol, *arguments, **options)
    assert type(protocol) is RecordingProtocol
    transport.write(b"!")
    transport.close()
    await protocol.lost
    with accept_from(listener) as far:
        far.settimeout(5)
        return far.recv(10)


@pytest.mark.parametrize("as_type", [int, str, lambda port: str(port).encode()], ids=["int", "str", "bytes"])
@pytest.mark.parametrize("host", [LOOPBACK, LOOPBACK.encode()], ids=["str", "bytes"])
def test_host_and_port_may_be_of_several_types(loop: Loop, host: Any, as_type: Callable[[int], Any]) -> None:
    with listening_socket() as listener:
        port = as_type(listener.getsockname()[1])
        assert run(loop, connect_and_say(loop, listener, host, port)) == b"!"


@pytest.mark.exact_calls
def test_what_has_arrived_is_read_before_what_the_waiting_code_calls_soon(loop: Loop) -> None:
    async def first_seen() -> bytes:
        near, far = socket.socketpair()
        near.setblocking(False)
        with far:
            far.sendall(b"early")
            transport, protocol = await loop.create_connection(RecordingProtocol, sock=near)
            seen: list[bytes] = []
            loop.call_soon(lambda: seen.append(bytes(protocol.received)))
            await turns()
            transport.close()
            await protocol.lost
            return seen[0]

    async def main() -> None:
        assert [await first_seen() for _ in range(20)] == [b"early"] * 20

    run(loop, main())


def test_a_name_is_resolved(loop: Loop, resolve_as: ResolveAs) -> None:
    with listening_socket() as listener:
        resolve_as("server.test", [listener.getsockname()])
        assert run(loop, connect_and_say(loop, listener, "server.test", 80)) == b"!"


def test_localhost_is_resolved_by_the_system(loop: Loop) -> None:
    with listening_socket() as listener:
        port = listener.getsockname()[1]
        assert run(loop, connect_and_say(loop, listener, "localhost", port, family=socket.AF_INET)) == b"!"


def test_a_connection_over_ipv6(loop: Loop) -> None:
    with listening_socket("::1", family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        assert run(loop, connect_and_say(loop, listener, "::1", port)) == b"!"
        assert run(loop, connect_and_say(loop, listener, "::1", port, family=socket.AF_INET6)) == b"!"


def test_the_next_address_is_tried_when_the_first_refuses(loop: Loop, resolve_as: ResolveAs) -> None:
    with (
        listening_socket() as listener,
        refusing_port() as one,
        refusing_port("::1", family=socket.AF_INET6) as two,
    ):
        resolve_as("several.test", [(LOOPBACK, one), ("::1", two), listener.getsockname()])
        assert run(loop, connect_and_say(loop, listener, "several.test", 80)) == b"!"


def test_the_first_address_that_answers_is_taken(loop: Loop, resolve_as: ResolveAs) -> None:
    with listening_socket() as first, listening_socket() as second:
        resolve_as("several.test", [first.getsockname(), second.getsockname()])
        assert run(loop, connect_and_say(loop, first, "several.test", 80)) == b"!"
        with pytest.raises(BlockingIOError):
            second.accept()


def test_a_local_address_is_bound(loop: Loop) -> None:
    async def main() -> None:
        with listening_socket() as listener:
            transport, protocol = await loop.create_connection(
                RecordingProtocol, *listener.getsockname(), local_addr=("127.0.0.2", 0)
            )
            with accept_from(listener) as far:
                address = far.getpeername()
                assert address[0] == "127.0.0.2"
                assert transport.get_extra_info("sockname") == address
            transport.close()
            await protocol.lost

    run(loop, main())


def test_local_addresses_are_tried_in_turn_and_those_of_another_family_passed_over(
    loop: Loop, resolve_as: ResolveAs
) -> None:
    async def main() -> None:
        with listening_socket() as listener, refusing_port() as taken:
            resolve_as("here.test", [("::1", 0), (LOOPBACK, taken), ("127.0.0.3", 0)])
            transport, protocol = await loop.create_connection(
                RecordingProtocol, *listener.getsockname(), local_addr=("here.test", 0)
            )
            assert transport.get_extra_info("sockname")[0] == "127.0.0.3"
            transport.close()
            await protocol.lost

    run(loop, main())


def test_happy_eyeballs_reaches_the_address_that_works(loop: Loop, resolve_as: ResolveAs) -> None:
    with (
        listening_socket() as listener,
        refusing_port() as one,
        refusing_port("::1", family=socket.AF_INET6) as two,
    ):
        resolve_as("several.test", [(LOOPBACK, one), ("::1", two), listener.getsockname()])
        said = connect_and_say(loop, listener, "several.test", 80, happy_eyeballs_delay=0.05)
        assert run(loop, said) == b"!"


def test_happy_eyeballs_does_not_wait_for_an_address_that_never_answers(
    loop: Loop, resolve_as: ResolveAs
) -> None:
    """The first address hangs: its backlog is full. The second is begun after the delay and wins."""
    with listening_socket() as listener, silent_listener() as silent:
        resolve_as("several.test", [silent, listener.getsockname()])
        said = connect_and_say(loop, listener, "several.test", 80, happy_eyeballs_delay=0.05)
        assert run(loop, said) == b"!"


def test_addresses_may_be_any_iterable(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(host: str, port: int, **_options: Any) -> Any:
        address = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (LOOPBACK, port))
        return (address for _ in range(2))

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    with listening_socket() as listener:
        assert run(loop, connect_and_say(loop, listener, "any.test", listener.getsockname()[1])) == b"!"


def test_interleaving_by_what_is_no_number_is_refused(loop: Loop) -> None:
    with pytest.raises(TypeError, match=r"^'>' not supported between instances of 'str' and 'int'$"):
        run(loop, loop.create_connection(RecordingProtocol, LOOPBACK, 1, interleave="x"))  # type: ignore[call-overload]


@pytest.mark.parametrize("interleave", [1, 2, 3])
def test_interleaving_tries_the_families_in_turn(loop: Loop, resolve_as: ResolveAs, interleave: int) -> None:
    """All refuse, and the error names them in the order in which they were tried."""
    with refusing_port() as four, refusing_port("::1", family=socket.AF_INET6) as six:
        addresses = [(f"127.0.0.{number}", four) for number in (1, 2, 3, 4)] + [("::1", six)] * 2
        resolve_as("several.test", addresses)
        with pytest.raises(OSError, match=r"^Multiple exceptions: ") as error:
            run(loop, connect_nowhere(loop, "several.test", 80, interleave=interleave))
    tried = [part.split("'")[1] for part in str(error.value).split(", [Errno")]
    fours, sixes = [f"127.0.0.{number}" for number in (1, 2, 3, 4)], ["::1", "::1"]
    start = fours[: interleave - 1]
    rest = fours[interleave - 1 :]
    expected = list(start)
    while rest or sixes:
        expected += rest[:1] + sixes[:1]
        rest, sixes = rest[1:], sixes[1:]
    assert tried == expected


async def connect_nowhere(loop: Loop, *arguments: Any, **options: Any) -> None:
    transport, _ = await loop.create_connection(RecordingProtocol, *arguments, **options)
    transport.abort()
    await turns(3)


def test_a_connected_socket_becomes_a_transport(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            near.setblocking(True)
            transport, protocol = await loop.create_connection(RecordingProtocol, sock=near)
            assert transport.get_extra_info("socket").fileno() == near.fileno()
            assert near.gettimeout() == 0
            far.send(b"hello")
            assert await protocol.receive(5) == b"hello"
            transport.close()
            await protocol.lost
            await turns(2)
            assert near.fileno() == -1, "the transport owns the socket and closes it"

    run(loop, main())


def test_an_accepted_socket_becomes_a_transport(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            transport, protocol = await loop.connect_accepted_socket(RecordingProtocol, near)
            assert isinstance(transport, asyncio.Transport)
            far.send(b"hello")
            assert await protocol.receive(5) == b"hello"
            assert transport.get_extra_info("peername") == far.getsockname()
            transport.close()
            await protocol.lost

    run(loop, main())


def test_many_connections_at_once(loop: Loop) -> None:
    async def main() -> None:
        with listening_socket() as listener:
            address = listener.getsockname()
            made = await asyncio.gather(
                *(loop.create_connection(RecordingProtocol, *address) for _ in range(50))
            )
            for transport, protocol in made:
                transport.close()
                await protocol.lost

    run(loop, main())


def test_options_that_only_matter_to_the_resolver_are_handed_to_it(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        names = ("family", "type", "proto", "flags")
        given = {**dict.fromkeys(names, 0), **dict(zip(names, arguments, strict=False)), **options}
        asked.append((host, port, *(given[name] for name in names)))
        return real(LOOPBACK, port, socket.AF_INET, socket.SOCK_STREAM)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with listening_socket() as listener:
        port = listener.getsockname()[1]
        said = connect_and_say(
            loop,
            listener,
            "name.test",
            port,
            family=socket.AF_INET,
            proto=socket.IPPROTO_TCP,
            flags=socket.AI_ADDRCONFIG,
        )
        assert run(loop, said) == b"!"
    expected = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, socket.AI_ADDRCONFIG)
    assert asked == [("name.test", port, *expected)]
