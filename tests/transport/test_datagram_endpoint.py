"""`create_datagram_endpoint`: its options, and what stands in its way."""

import asyncio
import asyncio.trsock
import contextlib
import errno
import logging
import os
import resource
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from .datagram_peers import DatagramEcho, DatagramRecorder, datagram_sockets, endpoint, receive_from
from .peers import LOOPBACK, connected_sockets, run, turns

Loop = asyncio.AbstractEventLoop


async def refuse(loop: Loop, *arguments: Any, **options: Any) -> None:
    await loop.create_datagram_endpoint(DatagramRecorder, *arguments, **options)


def options_of(loop: Loop, option: int, **options: Any) -> int:
    async def main() -> int:
        async with endpoint(DatagramRecorder, **options) as (transport, _):
            return transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, option)  # type: ignore[no-any-return]

    return run(loop, main())


# Addresses


def test_a_local_address_is_bound(loop: Loop) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder, local_addr=(LOOPBACK, 0)) as (transport, protocol):
            assert protocol.calls == ["connection_made"]
            host, port = transport.get_extra_info("sockname")
            assert host == LOOPBACK
            assert port > 0
            assert transport.get_extra_info("peername") is None
            assert transport.get_extra_info("peername", "nobody") is None
            sock = transport.get_extra_info("socket")
            assert isinstance(sock, asyncio.trsock.TransportSocket)
            assert sock.type == socket.SOCK_DGRAM
            assert sock.gettimeout() == 0
            assert not os.get_inheritable(sock.fileno())

    run(loop, main())


def test_both_ends_may_be_given(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (peer,):
            options = {"local_addr": ("127.0.0.2", 0), "remote_addr": peer.getsockname()}
            async with endpoint(DatagramRecorder, **options) as (transport, _):
                assert transport.get_extra_info("sockname")[0] == "127.0.0.2"
                assert transport.get_extra_info("peername") == peer.getsockname()
                transport.sendto(b"x")
                assert (await receive_from(peer))[1] == transport.get_extra_info("sockname")

    run(loop, main())


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_family_alone_is_enough(loop: Loop, family: int) -> None:
    host = "::1" if family == socket.AF_INET6 else LOOPBACK

    async def main() -> None:
        with datagram_sockets(1, host) as (peer,):
            async with endpoint(DatagramRecorder, family=family) as (transport, _):
                transport.sendto(b"x", peer.getsockname())
                assert (await receive_from(peer))[0] == b"x"

    run(loop, main())


def test_a_scope_and_a_flow_may_be_part_of_an_address(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1, "::1") as (peer,):
            port = peer.getsockname()[1]
            async with endpoint(DatagramRecorder, family=socket.AF_INET6) as (transport, _):
                for address in (
                    ("::1", port),
                    ("::1", port, 0),
                    ("::1", port, 0, 0),
                    ("0:0:0:0:0:0:0:1", port),
                ):
                    transport.sendto(b"x", address)
                    assert (await receive_from(peer))[0] == b"x"

    run(loop, main())


def test_names_are_resolved(loop: Loop) -> None:
    async def main() -> None:
        options = {"local_addr": ("localhost", 0), "family": socket.AF_INET}
        async with endpoint(DatagramEcho, **options) as (transport, _):
            address = ("localhost", transport.get_extra_info("sockname")[1])
            remote = {"remote_addr": address, "family": socket.AF_INET}
            async with endpoint(DatagramRecorder, **remote) as (client, protocol):
                client.sendto(b"hello")
                assert (await protocol.receive())[0] == b"hello"

    run(loop, main())


def test_a_datagram_to_all_is_not_connected(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(2) as (receiver, stranger):
            options = {"remote_addr": receiver.getsockname(), "allow_broadcast": True}
            async with endpoint(DatagramRecorder, **options) as (transport, protocol):
                sock = transport.get_extra_info("socket")
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)
                assert transport.get_extra_info("peername") is None
                transport.sendto(b"one")
                transport.sendto(b"two", receiver.getsockname())
                assert (await receive_from(receiver))[0] == b"one"
                assert (await receive_from(receiver))[0] == b"two"
                with pytest.raises(ValueError, match=r"^Invalid address: must be None or"):
                    transport.sendto(b"x", stranger.getsockname())
                stranger.sendto(b"answer", (LOOPBACK, sock.getsockname()[1]))
                assert await protocol.receive() == (b"answer", stranger.getsockname())

    run(loop, main())


# Options


def test_a_port_can_be_shared(loop: Loop) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder, local_addr=(LOOPBACK, 0), reuse_port=True) as (transport, _):
            address = transport.get_extra_info("sockname")
            async with endpoint(DatagramRecorder, local_addr=address, reuse_port=True) as (other, _):
                assert other.get_extra_info("sockname") == address

    run(loop, main())


def test_sharing_a_port_needs_a_system_that_can(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    with pytest.raises(ValueError, match=r"^reuse_port not supported by socket module$"):
        run(loop, refuse(loop, local_addr=(LOOPBACK, 0), reuse_port=True))
    monkeypatch.setattr(socket, "SO_REUSEPORT", 9999, raising=False)
    text = "reuse_port not supported by socket module, SO_REUSEPORT defined but not implemented."
    with pytest.raises(ValueError, match=f"^{text}$"):
        run(loop, refuse(loop, local_addr=(LOOPBACK, 0), reuse_port=True))


@pytest.mark.parametrize("option", [socket.SO_BROADCAST, socket.SO_REUSEPORT, socket.SO_REUSEADDR])
def test_nothing_is_switched_on_that_was_not_asked_for(loop: Loop, option: int) -> None:
    assert options_of(loop, option, local_addr=(LOOPBACK, 0)) == 0


def test_addresses_cannot_be_reused(loop: Loop) -> None:
    """Two programs would get each other's datagrams: the option is gone since 3.11."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'reuse_address'"):
        run(loop, refuse(loop, local_addr=(LOOPBACK, 0), reuse_address=True))


def test_a_given_socket_is_taken(loop: Loop) -> None:
    async def main() -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((LOOPBACK, 0))
        async with endpoint(DatagramEcho, sock=sock) as (transport, _):
            assert sock.gettimeout() == 0
            address = transport.get_extra_info("sockname")
            async with endpoint(DatagramRecorder, remote_addr=address) as (client, protocol):
                client.sendto(b"hello")
                assert await protocol.receive() == (b"hello", address)
        assert sock.fileno() == -1

    run(loop, main())


def test_a_given_socket_that_is_connected_sends_to_its_peer(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(2) as (near, far):
            near.connect(far.getsockname())
            async with endpoint(DatagramRecorder, sock=near) as (transport, _):
                assert transport.get_extra_info("peername") == far.getsockname()
                transport.sendto(b"x")
                assert (await receive_from(far))[0] == b"x"

    run(loop, main())


# Unix sockets


def test_unix_sockets_by_path(loop: Loop, socket_folder: Path) -> None:
    here, there = str(socket_folder / "here"), str(socket_folder / "there")

    async def main() -> None:
        async with (
            endpoint(DatagramEcho, local_addr=there, family=socket.AF_UNIX),
            endpoint(DatagramRecorder, local_addr=here, remote_addr=there, family=socket.AF_UNIX) as (
                transport,
                protocol,
            ),
        ):
            assert transport.get_extra_info("sockname") == here
            assert transport.get_extra_info("peername") == there
            transport.sendto(b"hello")
            assert await protocol.receive() == (b"hello", there)

    run(loop, main())


def test_a_sender_without_a_name_has_no_address(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder, local_addr=socket_path, family=socket.AF_UNIX) as (_, protocol):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"x", socket_path)
                assert await protocol.receive() == (b"x", None)

    run(loop, main())


def test_abstract_names(loop: Loop) -> None:
    here, there = f"\0ouroloop-{os.getpid()}-here", f"\0ouroloop-{os.getpid()}-there"

    async def main() -> None:
        async with (
            endpoint(DatagramEcho, local_addr=there, family=socket.AF_UNIX),
            endpoint(DatagramRecorder, local_addr=here, family=socket.AF_UNIX) as (transport, protocol),
        ):
            transport.sendto(b"hello", there)
            assert await protocol.receive() == (b"hello", there.encode())

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_pair_of_sockets_is_connected_although_nobody_has_a_name(loop: Loop) -> None:
    """The standard library asks for the peer's name, finds it empty, and sends to None."""

    async def main() -> None:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with far:
            far.setblocking(False)
            async with endpoint(DatagramRecorder, sock=near) as (transport, protocol):
                transport.sendto(b"hello")
                assert await receive_from(far) == (b"hello", None)
                far.send(b"back")
                assert await protocol.receive() == (b"back", None)

    run(loop, main())


def test_the_file_of_an_earlier_run_is_replaced(loop: Loop, socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as earlier:
        earlier.bind(socket_path)

    async def main() -> None:
        async with endpoint(DatagramRecorder, local_addr=socket_path, family=socket.AF_UNIX):
            assert Path(socket_path).is_socket()

    run(loop, main())


def test_a_file_that_is_no_socket_is_left_alone(loop: Loop, socket_path: str) -> None:
    Path(socket_path).write_text("precious")
    with pytest.raises(OSError, match="Address already in use"):
        run(loop, refuse(loop, local_addr=socket_path, family=socket.AF_UNIX))
    assert Path(socket_path).read_text() == "precious"


def test_a_stale_file_that_cannot_be_removed_is_reported(
    loop: Loop, socket_path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as earlier:
        earlier.bind(socket_path)

    def remove(path: Any) -> None:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "remove", remove)
    with caplog.at_level(logging.ERROR, "asyncio"), pytest.raises(OSError, match="Address already in use"):
        run(loop, refuse(loop, local_addr=socket_path, family=socket.AF_UNIX))
    cause = PermissionError(errno.EPERM, "no")
    text = f"Unable to check or remove stale UNIX socket {socket_path!r}: {cause!r}"
    assert [record.getMessage() for record in caplog.records] == [text]


@pytest.mark.parametrize("path", [b"bytes", Path("path"), 5, ("tuple", 1)], ids=repr)
def test_a_unix_address_is_text(loop: Loop, path: Any) -> None:
    for option in ("local_addr", "remote_addr"):
        with pytest.raises(TypeError, match=r"^string is expected$"):
            run(loop, refuse(loop, family=socket.AF_UNIX, **{option: path}))


@pytest.mark.only_ouroloop
def test_families_that_only_the_socket_module_knows(loop: Loop) -> None:
    async def main() -> None:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        sock.bind((0, 0))
        async with endpoint(DatagramRecorder, sock=sock) as (transport, protocol):
            assert transport.get_extra_info("sockname") == sock.getsockname()
            # RTM_GETLINK with NLM_F_REQUEST and NLM_F_DUMP.
            request = b"\x20\0\0\0\x12\0\x01\x03\x01\0\0\0\0\0\0\0" + bytes(16)
            transport.sendto(request, (0, 0))
            data, sender = await protocol.receive()
            assert sender == (0, 0)
            assert data[8:12] == b"\x01\0\0\0"

    run(loop, main())


# Mistakes and failures


def test_nothing_at_all_is_too_little(loop: Loop) -> None:
    with pytest.raises(ValueError, match=r"^unexpected address family$"):
        run(loop, refuse(loop))


@pytest.mark.parametrize("address", ["text", (LOOPBACK,), (LOOPBACK, 1, 2), [LOOPBACK, 1], 5], ids=repr)
def test_an_internet_address_is_a_pair(loop: Loop, address: Any) -> None:
    for option in ("local_addr", "remote_addr"):
        with pytest.raises(TypeError, match=r"^2-tuple is expected$"):
            run(loop, refuse(loop, **{option: address}))


def test_ends_of_different_families_cannot_meet(loop: Loop) -> None:
    with pytest.raises(ValueError, match=r"^can not get address information$"):
        run(loop, refuse(loop, local_addr=(LOOPBACK, 0), remote_addr=("::1", 9)))


def test_a_name_without_addresses_is_an_oserror(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: [])
    with pytest.raises(OSError, match=r"^getaddrinfo\(\) returned empty list$"):
        run(loop, refuse(loop, remote_addr=("nowhere.test", 9)))


def test_a_stream_socket_is_refused_in_the_running_pythons_words(loop: Loop) -> None:
    expected = "A datagram socket" if sys.version_info >= (3, 13) else "A UDP Socket"
    with connected_sockets() as (near, _):
        with pytest.raises(ValueError, match="was expected") as error:
            run(loop, refuse(loop, sock=near))
        assert str(error.value) == f"{expected} was expected, got {near!r}"
        assert near.fileno() >= 0


@pytest.mark.reference_since(3, 13)
def test_a_stream_socket_is_refused_in_the_newest_words(newest_loop: Loop) -> None:
    with connected_sockets() as (near, _):
        with pytest.raises(ValueError, match="was expected") as error:
            run(newest_loop, refuse(newest_loop, sock=near))
        assert str(error.value) == f"A datagram socket was expected, got {near!r}"


def test_options_do_not_go_with_a_given_socket(loop: Loop) -> None:
    with datagram_sockets(1) as (sock,):
        options: dict[str, Any] = {
            "local_addr": (LOOPBACK, 0),
            "remote_addr": (LOOPBACK, 9),
            "family": 1,
            "proto": 2,
            "flags": 3,
            "reuse_port": True,
            "allow_broadcast": True,
        }
        for name, value in options.items():
            with pytest.raises(ValueError, match=r"^socket modifier keyword arguments can not") as error:
                run(loop, refuse(loop, sock=sock, **{name: value}))
            assert str(error.value).endswith(f" be used when sock is specified. ({name}={value})")
        with pytest.raises(ValueError, match="family=1, proto=2, flags=3, reuse_port=True"):
            run(loop, refuse(loop, sock=sock, **options))
        assert sock.fileno() >= 0


def test_an_address_that_is_taken(loop: Loop) -> None:
    with datagram_sockets(1) as (taken,), pytest.raises(OSError, match="Address already in use"):
        run(loop, refuse(loop, local_addr=taken.getsockname()))


def test_the_first_failure_is_the_one_that_is_raised(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*arguments: Any, **options: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.0.2.1", 0)),
            (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("2001:db8::1", 0, 0, 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(OSError, match="Cannot assign requested address") as error:
        run(loop, refuse(loop, local_addr=("several.test", 0)))
    assert error.value.errno == errno.EADDRNOTAVAIL


def test_the_next_address_is_tried(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*arguments: Any, **options: Any) -> list[Any]:
        return [
            (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("2001:db8::1", 0, 0, 0)),
            (socket.AF_INET, socket.SOCK_DGRAM, 17, "", (LOOPBACK, 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def main() -> None:
        async with endpoint(DatagramRecorder, local_addr=("several.test", 0)) as (transport, _):
            assert transport.get_extra_info("sockname")[0] == LOOPBACK

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_protocol_factory_that_fails_leaves_nothing_open(loop: Loop) -> None:
    def fail() -> DatagramRecorder:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(loop, loop.create_datagram_endpoint(fail, local_addr=(LOOPBACK, 0)))


@pytest.mark.only_ouroloop
def test_the_socket_of_a_transport_is_refused(loop: Loop) -> None:
    async def main() -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        async with endpoint(DatagramRecorder, sock=sock):
            with pytest.raises(RuntimeError, match="is used by transport"):
                await loop.create_datagram_endpoint(DatagramRecorder, sock=sock)

    run(loop, main())


@pytest.mark.parametrize("iterations", range(4))
def test_a_cancelled_endpoint_leaves_nothing_open(loop: Loop, iterations: int) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (peer,):
            making = loop.create_task(
                loop.create_datagram_endpoint(DatagramRecorder, remote_addr=peer.getsockname())
            )
            await turns(iterations)
            was_done = making.done()
            making.cancel()
            if was_done:
                transport, _ = await making
                transport.close()
            else:
                with pytest.raises(asyncio.CancelledError):
                    await making
            await turns()

    run(loop, main())


def test_an_endpoint_that_is_cancelled_while_a_name_is_looked_up(loop: Loop) -> None:
    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(
                loop.create_datagram_endpoint(DatagramRecorder, remote_addr=("slow.test", 9)), 0.01
            )

    async def getaddrinfo(*arguments: Any, **options: Any) -> Any:
        await asyncio.Event().wait()

    loop.getaddrinfo = getaddrinfo  # type: ignore[method-assign]
    run(loop, main())


def test_no_descriptor_is_left_for_an_endpoint(loop: Loop) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    run(loop, turns(1))
    highest = max(int(each) for each in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(highest + 1, soft), hard))
    fillers = []
    try:
        with contextlib.suppress(OSError):
            while True:
                fillers.append(os.dup(0))
        with pytest.raises(OSError, match="Too many open files"):
            run(loop, refuse(loop, local_addr=(LOOPBACK, 0)))
    finally:
        for each in fillers:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_endpoints_at_once(loop: Loop) -> None:
    async def main() -> None:
        made = await asyncio.gather(
            *(loop.create_datagram_endpoint(DatagramRecorder, local_addr=(LOOPBACK, 0)) for _ in range(200))
        )
        addresses = {transport.get_extra_info("sockname") for transport, _ in made}
        assert len(addresses) == 200
        for transport, _ in made:
            transport.close()
        for _, protocol in made:
            await protocol.lost

    run(loop, main())


def test_debug_mode_logs_what_was_made(loop: Loop, asyncio_log: list[logging.LogRecord]) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (peer,):
            remote = peer.getsockname()
            async with endpoint(DatagramRecorder, local_addr=(LOOPBACK, 0), remote_addr=remote) as made:
                expected.append(
                    f"Datagram endpoint local_addr={(LOOPBACK, 0)!r} remote_addr={remote!r} created: {made!r}"
                )
            async with endpoint(DatagramRecorder, remote_addr=remote) as made:
                expected.append(f"Datagram endpoint remote_addr={remote!r} created: {made!r}")

    expected: list[str] = []
    loop.set_debug(True)
    loop.slow_callback_duration = 60.0
    run(loop, main())
    found = [record.getMessage() for record in asyncio_log if "Datagram" in record.getMessage()]
    assert [text.split("created")[0] for text in found] == [text.split("created")[0] for text in expected]
