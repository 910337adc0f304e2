"""Servers bound to addresses, to names and made from sockets, and what stands in their way."""

import asyncio
import asyncio.trsock
import errno
import socket
from collections.abc import Callable
from typing import Any

import pytest

from .peers import LOOPBACK, RecordingProtocol, Served, listening_socket, run, turns
from .reference import skip_standard_library

Loop = asyncio.AbstractEventLoop
ResolveAs = Callable[[str, list[tuple[str, int]]], None]


async def addresses_of(loop: Loop, *arguments: Any, **options: Any) -> list[Any]:
    """Make a server, prove that each of its addresses echoes, and return them."""
    served = Served()
    server = await loop.create_server(served, *arguments, **options)
    addresses = [sock.getsockname() for sock in server.sockets]
    for sock, address in zip(server.sockets, addresses, strict=True):
        host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(address[0], address[0])
        transport, protocol = await loop.create_connection(
            RecordingProtocol, host, address[1], family=sock.family
        )
        transport.write(b"ping")
        assert await protocol.receive(4) == b"ping"
        transport.close()
        await protocol.lost
    server.close()
    await served.ended()
    return addresses


async def options_of(loop: Loop, option: int, **options: Any) -> list[int]:
    server = await loop.create_server(RecordingProtocol, LOOPBACK, 0, **options)
    values = [sock.getsockopt(socket.SOL_SOCKET, option) for sock in server.sockets]
    server.close()
    await turns()
    return values


async def serve_nothing(loop: Loop, *arguments: Any, **options: Any) -> None:
    server = await loop.create_server(RecordingProtocol, *arguments, **options)
    server.close()
    await turns()


def test_port_0_is_one_that_is_free(loop: Loop) -> None:
    [(host, port)] = run(loop, addresses_of(loop, LOOPBACK, 0))
    assert host == LOOPBACK
    assert port > 0


@pytest.mark.parametrize("host", [None, ""], ids=repr)
def test_no_host_means_every_interface(loop: Loop, host: str | None) -> None:
    addresses = run(loop, addresses_of(loop, host, 0))
    assert {address[0] for address in addresses} <= {"0.0.0.0", "::"}
    assert "0.0.0.0" in {address[0] for address in addresses}


def test_a_family_restricts_every_interface(loop: Loop) -> None:
    [address] = run(loop, addresses_of(loop, None, 0, family=socket.AF_INET))
    assert address[0] == "0.0.0.0"
    [address] = run(loop, addresses_of(loop, None, 0, family=socket.AF_INET6))
    assert address[0] == "::"


@pytest.mark.parametrize("container", [list, tuple, set, iter], ids=["list", "tuple", "set", "iterator"])
def test_several_hosts_are_all_served(loop: Loop, container: Callable[..., Any]) -> None:
    addresses = run(loop, addresses_of(loop, container([LOOPBACK, "127.0.0.2", "::1"]), 0))
    assert sorted(address[0] for address in addresses) == [LOOPBACK, "127.0.0.2", "::1"]


def test_a_host_named_twice_is_bound_once(loop: Loop) -> None:
    [(host, _)] = run(loop, addresses_of(loop, [LOOPBACK, LOOPBACK], 0))
    assert host == LOOPBACK


def test_a_name_is_bound_at_each_of_its_addresses(loop: Loop, resolve_as: ResolveAs) -> None:
    resolve_as("server.test", [(LOOPBACK, 0), ("127.0.0.2", 0)])
    addresses = run(loop, addresses_of(loop, "server.test", 0))
    assert sorted(address[0] for address in addresses) == [LOOPBACK, "127.0.0.2"]


def test_an_ipv6_server_leaves_the_ipv4_port_to_others(loop: Loop) -> None:
    async def main() -> None:
        server = await loop.create_server(RecordingProtocol, "::", 0)
        [sock] = server.sockets
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        server.close()
        await turns()

    run(loop, main())


def test_a_bound_socket_becomes_a_server(loop: Loop) -> None:
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        address = sock.getsockname()
        assert run(loop, addresses_of(loop, sock=sock)) == [address]
        assert sock.fileno() == -1, "the server owns the socket and closes it"


def test_a_socket_is_made_non_blocking(loop: Loop) -> None:
    async def main() -> None:
        with socket.socket() as sock:
            sock.bind((LOOPBACK, 0))
            server = await loop.create_server(RecordingProtocol, sock=sock)
            assert sock.gettimeout() == 0
            server.close()
            await turns()

    run(loop, main())


def test_addresses_are_reused_unless_told_otherwise(loop: Loop) -> None:
    """A server that restarts must not wait for the kernel to forget its earlier connections."""
    assert all(run(loop, options_of(loop, socket.SO_REUSEADDR)))
    assert not any(run(loop, options_of(loop, socket.SO_REUSEADDR, reuse_address=False)))


def test_a_port_is_shared_on_demand(loop: Loop) -> None:
    assert not any(run(loop, options_of(loop, socket.SO_REUSEPORT)))
    assert all(run(loop, options_of(loop, socket.SO_REUSEPORT, reuse_port=True)))

    async def main() -> None:
        first = await loop.create_server(RecordingProtocol, LOOPBACK, 0, reuse_port=True)
        port = first.sockets[0].getsockname()[1]
        second = await loop.create_server(RecordingProtocol, LOOPBACK, port, reuse_port=True)
        for server in (first, second):
            server.close()
        await turns()

    run(loop, main())


def test_connections_are_kept_alive_on_demand(loop: Loop) -> None:
    assert not any(run(loop, options_of(loop, socket.SO_KEEPALIVE)))
    skip_standard_library(loop, "keep_alive came with 3.13", before=(3, 13))
    assert all(run(loop, options_of(loop, socket.SO_KEEPALIVE, keep_alive=True)))


def test_more_connections_than_the_backlog_are_served_one_after_another(loop: Loop) -> None:
    async def main() -> None:
        served = Served()
        server = await loop.create_server(served, LOOPBACK, 0, backlog=1)
        address = server.sockets[0].getsockname()
        made = [await loop.create_connection(RecordingProtocol, *address) for _ in range(20)]
        for number, (transport, _) in enumerate(made):
            transport.write(b"%02d" % number)
        for number, (transport, protocol) in enumerate(made):
            assert await protocol.receive(2) == b"%02d" % number
            transport.close()
            await protocol.lost
        server.close()
        await served.ended()

    run(loop, main())


def test_an_address_in_use_is_named(loop: Loop) -> None:
    with listening_socket() as taken:
        address = taken.getsockname()
        with pytest.raises(OSError, match=r"address already in use$") as error:
            run(loop, serve_nothing(loop, *address))
    assert type(error.value) is OSError
    assert error.value.errno == errno.EADDRINUSE
    text = str(error.value)
    # 3.13 put the number into the middle of the text.
    start = f"[Errno {errno.EADDRINUSE}] error while attempting to bind on address {address!r}: "
    assert text.startswith(start)


def test_one_address_in_use_frees_the_others(loop: Loop) -> None:
    with listening_socket() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="address already in use"):
            run(loop, serve_nothing(loop, ["127.0.0.2", LOOPBACK, "127.0.0.3"], port))
        for host in ("127.0.0.2", "127.0.0.3"):
            with socket.socket() as sock:
                sock.bind((host, port))


def test_an_address_that_is_not_ours_is_an_oserror(loop: Loop) -> None:
    """3.13 passes over it and then finds that nothing is left."""
    address = "192.0.2.200"  # RFC 5737 keeps this network for documentation.
    with pytest.raises(OSError, match=f"(on|any) address.* '{address}'|\\('{address}'"):
        run(loop, serve_nothing(loop, address, 0))


def test_an_address_that_is_not_ours_is_passed_over_when_another_is(loop: Loop) -> None:
    skip_standard_library(loop, "gave up before 3.13", before=(3, 13))
    [address] = run(loop, addresses_of(loop, [LOOPBACK, "192.0.2.200"], 0))
    assert address[0] == LOOPBACK
    with pytest.raises(OSError, match=r"^could not bind on any address out of \[\('192.0.2.200', 0\)\]$"):
        run(loop, serve_nothing(loop, "192.0.2.200", 0))


def test_a_name_that_does_not_resolve_is_a_gaierror(loop: Loop) -> None:
    with pytest.raises(socket.gaierror):
        run(loop, serve_nothing(loop, "no-such-host.invalid", 0))


def test_a_name_without_addresses_is_an_oserror(loop: Loop, resolve_as: ResolveAs) -> None:
    resolve_as("nothing.test", [])
    with pytest.raises(OSError, match=r"^getaddrinfo\('nothing.test'\) returned empty list$"):
        run(loop, serve_nothing(loop, "nothing.test", 0))


WRONG_ARGUMENTS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({}, ValueError, "Neither host/port nor sock were specified"),
    ({"port": 0, "ssl": True}, TypeError, "ssl argument must be an SSLContext or None"),
    ({"port": 0, "ssl": False}, TypeError, "ssl argument must be an SSLContext or None"),
    (
        {"port": 0, "ssl_handshake_timeout": 1},
        ValueError,
        "ssl_handshake_timeout is only meaningful with ssl",
    ),
    ({"port": 0, "ssl_shutdown_timeout": 1}, ValueError, "ssl_shutdown_timeout is only meaningful with ssl"),
]


@pytest.mark.parametrize(("arguments", "error_class", "text"), WRONG_ARGUMENTS, ids=str)
def test_arguments_that_do_not_fit_together_are_refused(
    loop: Loop, arguments: dict[str, Any], error_class: type[Exception], text: str
) -> None:
    with pytest.raises(error_class) as error:
        run(loop, serve_nothing(loop, **arguments))
    assert str(error.value) == text


@pytest.mark.parametrize(
    "arguments", [{"host": LOOPBACK}, {"port": 0}, {"host": LOOPBACK, "port": 0}], ids=str
)
def test_an_address_and_a_socket_exclude_each_other(loop: Loop, arguments: dict[str, Any]) -> None:
    text = "host/port and sock can not be specified at the same time"
    with socket.socket() as sock, pytest.raises(ValueError, match=f"^{text}$"):
        run(loop, serve_nothing(loop, **arguments, sock=sock))


@pytest.mark.parametrize("port", [-1, 65536, 1 << 40], ids=str)
def test_a_port_out_of_range_is_refused(loop: Loop, port: int) -> None:
    with pytest.raises(OverflowError, match="port must be 0-65535"):
        run(loop, serve_nothing(loop, LOOPBACK, port))


@pytest.mark.only_ouroloop
def test_backlog_that_is_no_number_is_refused(loop: Loop) -> None:
    """As the standard library says it, whose socket is left open."""
    with pytest.raises(TypeError, match=r"^'str' object cannot be interpreted as an integer$"):
        run(loop, serve_nothing(loop, LOOPBACK, 0, backlog="5"))
    with pytest.raises(OverflowError, match="integer"):
        run(loop, serve_nothing(loop, LOOPBACK, 0, backlog=1 << 40))


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("backlog", [0, -1])
def test_backlog_of_nothing_still_lets_one_in(loop: Loop, backlog: int) -> None:
    [(host, _)] = run(loop, addresses_of(loop, LOOPBACK, 0, backlog=backlog))
    assert host == LOOPBACK
