"""How a connection fails to come about: refused, forbidden, badly asked for, or cancelled."""

import asyncio
import contextlib
import errno
import gc
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from .peers import (
    LOOPBACK,
    RecordingProtocol,
    connected_sockets,
    listening_socket,
    refusing_port,
    run,
    silent_listener,
    tls_socket,
    turns,
)
from .reference import skip_standard_library

Loop = asyncio.AbstractEventLoop
ResolveAs = Callable[[str, list[tuple[str, int]]], None]


async def connect(loop: Loop, *arguments: Any, **options: Any) -> None:
    transport, _ = await loop.create_connection(RecordingProtocol, *arguments, **options)
    transport.abort()
    await turns(3)


def test_a_refused_connection_names_the_address(loop: Loop) -> None:
    with refusing_port() as port, pytest.raises(ConnectionRefusedError) as error:
        run(loop, connect(loop, LOOPBACK, port))
    assert error.value.errno == errno.ECONNREFUSED
    assert str(error.value) == f"[Errno {errno.ECONNREFUSED}] Connect call failed ('{LOOPBACK}', {port})"


def test_nothing_of_the_loop_keeps_the_error_of_a_refused_connection(loop: Loop) -> None:
    with refusing_port() as port, pytest.raises(ConnectionRefusedError) as error:
        run(loop, connect(loop, LOOPBACK, port))
    assert [each for each in gc.get_referrers(error.value) if isinstance(each, list)] == []


def test_a_refused_connection_over_ipv6_names_all_four_parts(loop: Loop) -> None:
    with refusing_port("::1", family=socket.AF_INET6) as port, pytest.raises(ConnectionRefusedError) as error:
        run(loop, connect(loop, "::1", port))
    assert str(error.value) == f"[Errno {errno.ECONNREFUSED}] Connect call failed ('::1', {port}, 0, 0)"


def test_different_failures_are_named_together(loop: Loop, resolve_as: ResolveAs) -> None:
    with refusing_port() as one, refusing_port() as two:
        resolve_as("several.test", [(LOOPBACK, one), (LOOPBACK, two)])
        with pytest.raises(OSError, match="Multiple") as error:
            run(loop, connect(loop, "several.test", 80))
    number = errno.ECONNREFUSED
    assert type(error.value) is OSError
    assert str(error.value) == (
        f"Multiple exceptions: [Errno {number}] Connect call failed ('{LOOPBACK}', {one}), "
        f"[Errno {number}] Connect call failed ('{LOOPBACK}', {two})"
    )


def test_equal_failures_are_one(loop: Loop, resolve_as: ResolveAs) -> None:
    with refusing_port() as port:
        resolve_as("twice.test", [(LOOPBACK, port), (LOOPBACK, port)])
        with pytest.raises(ConnectionRefusedError, match=f"Connect call failed .*{port}"):
            run(loop, connect(loop, "twice.test", 80))


@pytest.mark.parametrize("count", [1, 2])
def test_all_errors_gives_a_group_of_them(loop: Loop, resolve_as: ResolveAs, count: int) -> None:
    skip_standard_library(loop, "all_errors came with 3.12", before=(3, 12))
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(refusing_port()) for _ in range(count)]
        resolve_as("several.test", [(LOOPBACK, port) for port in ports])
        with pytest.raises(ExceptionGroup, match=r"^create_connection failed") as group:
            run(loop, connect(loop, "several.test", 80, all_errors=True))
    assert [type(error) for error in group.value.exceptions] == [ConnectionRefusedError] * count
    assert all(str(port) in str(error) for port, error in zip(ports, group.value.exceptions, strict=True))


def test_happy_eyeballs_that_all_fail_are_named_together(loop: Loop, resolve_as: ResolveAs) -> None:
    with refusing_port() as one, refusing_port() as two:
        resolve_as("several.test", [(LOOPBACK, one), (LOOPBACK, two)])
        with pytest.raises(OSError, match=f"^Multiple exceptions: .*{one}.*{two}"):
            run(loop, connect(loop, "several.test", 80, happy_eyeballs_delay=0.01))


def test_happy_eyeballs_gives_a_group_of_all_errors_too(loop: Loop, resolve_as: ResolveAs) -> None:
    skip_standard_library(loop, "all_errors came with 3.12", before=(3, 12))
    with refusing_port() as one, refusing_port() as two:
        resolve_as("several.test", [(LOOPBACK, one), (LOOPBACK, two)])
        with pytest.raises(ExceptionGroup, match=r"^create_connection failed") as group:
            run(loop, connect(loop, "several.test", 80, happy_eyeballs_delay=0.01, all_errors=True))
    assert all(
        str(port) in str(error) for port, error in zip((one, two), group.value.exceptions, strict=True)
    )


def test_a_local_address_that_cannot_be_had_is_part_of_the_group(loop: Loop, resolve_as: ResolveAs) -> None:
    skip_standard_library(loop, "all_errors came with 3.12", before=(3, 12))
    with refusing_port() as taken, listening_socket() as listener:
        resolve_as("here.test", [(LOOPBACK, taken), ("192.0.2.1", 0)])
        with pytest.raises(ExceptionGroup, match=r"^create_connection failed") as group:
            run(
                loop,
                connect(loop, *listener.getsockname(), local_addr=("here.test", 0), all_errors=True),
            )
    assert [error.errno for error in group.value.exceptions] == [errno.EADDRINUSE, errno.EADDRNOTAVAIL]


def test_a_name_that_does_not_resolve_is_a_gaierror(loop: Loop) -> None:
    with pytest.raises(socket.gaierror):
        run(loop, connect(loop, "no-such-host.invalid", 80))


def test_a_name_without_addresses_is_an_oserror(loop: Loop, resolve_as: ResolveAs) -> None:
    resolve_as("nothing.test", [])
    with pytest.raises(OSError, match=r"^getaddrinfo\(\) returned empty list$"):
        run(loop, connect(loop, "nothing.test", 80))
    with pytest.raises(OSError, match=r"^getaddrinfo\(\) returned empty list$"):
        run(loop, connect(loop, LOOPBACK, 80, local_addr=("nothing.test", 0)))


def test_a_local_address_in_use_is_named(loop: Loop) -> None:
    with listening_socket() as listener, listening_socket() as taken:
        address = taken.getsockname()
        with pytest.raises(OSError, match=r"address already in use$") as error:
            run(loop, connect(loop, *listener.getsockname(), local_addr=address))
        assert error.value.errno == errno.EADDRINUSE
        text = str(error.value)
        # 3.13 put the number into the middle of the text.
        start = f"[Errno {errno.EADDRINUSE}] error while attempting to bind on address {address!r}: "
        assert text.startswith(start)


def test_no_local_address_of_the_family_is_an_oserror(loop: Loop) -> None:
    text = r"no matching local address with family=.*AF_INET.* found"
    with listening_socket() as listener, pytest.raises(OSError, match=text):
        run(loop, connect(loop, *listener.getsockname(), local_addr=("::1", 0)))


WRONG_ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({}, "host and port was not specified and no sock specified"),
    ({"host": LOOPBACK, "port": 1, "server_hostname": "x"}, "server_hostname is only meaningful with ssl"),
    (
        {"host": LOOPBACK, "port": 1, "ssl_handshake_timeout": 1},
        "ssl_handshake_timeout is only meaningful with ssl",
    ),
    (
        {"host": LOOPBACK, "port": 1, "ssl_shutdown_timeout": 1},
        "ssl_shutdown_timeout is only meaningful with ssl",
    ),
    ({"port": 1, "ssl": True}, "You must set server_hostname when using ssl without a host"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG_ARGUMENTS, ids=[text for _, text in WRONG_ARGUMENTS])
def test_arguments_that_do_not_fit_together_are_refused(
    loop: Loop, arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        run(loop, connect(loop, **arguments))


@pytest.mark.parametrize(
    "arguments", [{"host": LOOPBACK}, {"port": 1}, {"host": LOOPBACK, "port": 1}], ids=str
)
def test_an_address_and_a_socket_exclude_each_other(loop: Loop, arguments: dict[str, Any]) -> None:
    text = "host/port and sock can not be specified at the same time"
    with socket.socket() as sock, pytest.raises(ValueError, match=f"^{text}$"):
        run(loop, connect(loop, **arguments, sock=sock))


def accepted(loop: Loop, sock: socket.socket) -> Any:
    return loop.connect_accepted_socket(RecordingProtocol, sock)


def from_socket(loop: Loop, sock: socket.socket) -> Any:
    return loop.create_connection(RecordingProtocol, sock=sock)


def served(loop: Loop, sock: socket.socket) -> Any:
    return loop.create_server(RecordingProtocol, sock=sock)


@pytest.mark.parametrize("use", [accepted, from_socket, served])
def test_a_datagram_socket_is_refused(loop: Loop, use: Callable[..., Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        with pytest.raises(ValueError, match="A Stream Socket") as error:
            run(loop, use(loop, sock))
        assert str(error.value) == f"A Stream Socket was expected, got {sock!r}"


@pytest.mark.parametrize("use", [accepted, from_socket, served])
def test_a_tls_socket_is_refused(loop: Loop, use: Callable[..., Any]) -> None:
    with tls_socket() as wrapped, pytest.raises(TypeError, match=r"^Socket cannot be of type SSLSocket$"):
        run(loop, use(loop, wrapped))


def test_the_timeouts_of_tls_are_refused_for_an_accepted_socket_without_it(loop: Loop) -> None:
    with connected_sockets() as (near, _):
        for name in ("ssl_handshake_timeout", "ssl_shutdown_timeout"):
            with pytest.raises(ValueError, match=f"^{name} is only meaningful with ssl$"):
                run(loop, loop.connect_accepted_socket(RecordingProtocol, near, **{name: 1.0}))


def descriptor_count() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("delay", [None, 0.01], ids=["one-by-one", "happy-eyeballs"])
def test_a_connection_cancelled_on_its_way_leaves_no_descriptor(
    loop: Loop, resolve_as: ResolveAs, delay: float | None
) -> None:
    async def main(addresses: list[tuple[str, int]]) -> None:
        resolve_as("silent.test", addresses)
        before = descriptor_count()
        connecting = asyncio.ensure_future(connect(loop, "silent.test", 80, happy_eyeballs_delay=delay))
        while descriptor_count() == before:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.03)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await turns(3)
        assert descriptor_count() == before

    with silent_listener() as one, silent_listener() as two:
        run(loop, prepared_executor(loop))
        run(loop, main([one, two]))


async def prepared_executor(loop: Loop) -> None:
    """The thread that resolves names may open descriptors of its own when it starts."""
    await loop.getaddrinfo("localhost", 80)


def test_a_connection_cancelled_in_its_first_turn_leaves_no_descriptor(loop: Loop) -> None:
    async def main() -> None:
        with listening_socket() as listener:
            before = descriptor_count()
            for count in range(6):
                connecting = asyncio.ensure_future(connect(loop, *listener.getsockname()))
                await turns(count)
                connecting.cancel()
                await asyncio.wait({connecting})
                await turns(5)
                assert descriptor_count() == before

    run(loop, main())
