"""Connections over Unix sockets: by path, by abstract name and from a socket, and what stands in their way."""

import asyncio
import contextlib
import os
import resource
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .peers import RecordingProtocol, Served, accept_from, connected_sockets, run, turns

Loop = asyncio.AbstractEventLoop
ABSTRACT = f"\0ouroloop-test-{os.getpid()}"


@contextlib.contextmanager
def unix_listener(address: str | bytes, backlog: int = 100) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(backlog)
        yield listener


async def connect_and_say(loop: Loop, listener: socket.socket, *arguments: Any, **options: Any) -> bytes:
    transport, protocol = await loop.create_unix_connection(RecordingProtocol, *arguments, **options)
    assert isinstance(transport, asyncio.Transport)
    transport.write(b"!")
    transport.close()
    assert await protocol.lost is None
    with accept_from(listener) as far:
        far.settimeout(5)
        return far.recv(10)


@pytest.mark.parametrize("make", [str, os.fsencode, Path], ids=["str", "bytes", "path"])
def test_a_path_may_be_of_several_types(loop: Loop, socket_path: str, make: Any) -> None:
    with unix_listener(socket_path) as listener:
        assert run(loop, connect_and_say(loop, listener, make(socket_path))) == b"!"
        assert run(loop, connect_and_say(loop, listener, path=make(socket_path))) == b"!"


@pytest.mark.parametrize("address", [ABSTRACT, ABSTRACT.encode()], ids=["str", "bytes"])
def test_an_abstract_name(loop: Loop, address: str | bytes) -> None:
    with unix_listener(address) as listener:
        assert run(loop, connect_and_say(loop, listener, address)) == b"!"


def test_a_path_that_is_no_text(loop: Loop, socket_folder: Path) -> None:
    path = os.fsencode(socket_folder) + b"/\xff\xfe"
    with unix_listener(path) as listener:
        assert run(loop, connect_and_say(loop, listener, path)) == b"!"


def test_a_connected_socket_is_taken(loop: Loop) -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        with far:
            _, protocol = await loop.create_unix_connection(RecordingProtocol, sock=near)
            assert near.gettimeout() == 0
            far.send(b"hello")
            assert await protocol.receive(5) == b"hello"
            far.close()
            assert await protocol.lost is None
            assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]

    run(loop, main())


def test_names_of_both_ends(loop: Loop, socket_path: str) -> None:
    served = Served()

    async def main() -> None:
        server = await loop.create_unix_server(served, socket_path)
        transport, protocol = await loop.create_unix_connection(RecordingProtocol, socket_path)
        transport.write(b"?")
        assert await protocol.receive(1) == b"?"
        accepted = served.made[0].transport
        assert accepted is not None
        assert transport.get_extra_info("peername") == socket_path
        assert transport.get_extra_info("sockname") == ""
        assert accepted.get_extra_info("sockname") == socket_path
        assert accepted.get_extra_info("peername") == ""
        assert transport.get_extra_info("socket").family == socket.AF_UNIX
        transport.close()
        await protocol.lost
        await served.ended()
        server.close()

    run(loop, main())


def test_an_abstract_name_is_bytes_in_names(loop: Loop) -> None:
    async def main() -> None:
        with unix_listener(ABSTRACT):
            transport, protocol = await loop.create_unix_connection(RecordingProtocol, ABSTRACT)
            assert transport.get_extra_info("peername") == ABSTRACT.encode()
            transport.close()
            await protocol.lost

    run(loop, main())


def test_the_socket_tells_who_the_peer_is(loop: Loop, socket_path: str) -> None:
    served = Served()

    async def main() -> None:
        server = await loop.create_unix_server(served, socket_path)
        transport, protocol = await loop.create_unix_connection(RecordingProtocol, socket_path)
        transport.write(b"?")
        assert await protocol.receive(1) == b"?"
        accepted = served.made[0].transport
        assert accepted is not None
        size = struct.calcsize("3i")
        found = accepted.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        assert struct.unpack("3i", found) == (os.getpid(), os.getuid(), os.getgid())
        transport.close()
        await protocol.lost
        await served.ended()
        server.close()

    run(loop, main())


def test_a_missing_path_is_a_missing_file(loop: Loop, socket_path: str) -> None:
    with pytest.raises(FileNotFoundError):
        run(loop, loop.create_unix_connection(RecordingProtocol, socket_path))


def test_a_socket_that_nobody_listens_on_refuses(loop: Loop, socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(socket_path)
        with pytest.raises(ConnectionRefusedError):
            run(loop, loop.create_unix_connection(RecordingProtocol, socket_path))


def test_a_path_that_is_too_long_is_an_oserror(loop: Loop, socket_folder: Path) -> None:
    with pytest.raises(OSError, match=r"^AF_UNIX path too long$"):
        run(loop, loop.create_unix_connection(RecordingProtocol, socket_folder / ("x" * 108)))


def test_a_path_of_another_type_is_a_type_error(loop: Loop) -> None:
    with pytest.raises(TypeError, match=r"expected str, bytes or os.PathLike object, not int"):
        run(loop, loop.create_unix_connection(RecordingProtocol, 5))  # type: ignore[arg-type]


def test_a_path_and_a_socket_are_too_much(loop: Loop, socket_path: str) -> None:
    near, far = socket.socketpair()
    with near, far, pytest.raises(ValueError, match=r"^path and sock can not be specified at the same time$"):
        run(loop, loop.create_unix_connection(RecordingProtocol, socket_path, sock=near))


def test_neither_a_path_nor_a_socket_is_too_little(loop: Loop) -> None:
    with pytest.raises(ValueError, match=r"^no path and sock were specified$"):
        run(loop, loop.create_unix_connection(RecordingProtocol))


def test_a_socket_of_another_kind_is_refused(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, _), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            for sock in (near, datagrams):
                with pytest.raises(ValueError, match="was expected, got") as error:
                    await loop.create_unix_connection(RecordingProtocol, sock=sock)
                assert str(error.value) == f"A UNIX Domain Stream Socket was expected, got {sock!r}"
                assert sock.fileno() >= 0

    run(loop, main())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ssl": True}, "you have to pass server_hostname when using ssl"),
        ({"server_hostname": "x"}, "server_hostname is only meaningful with ssl"),
        ({"ssl_handshake_timeout": 1}, "ssl_handshake_timeout is only meaningful with ssl"),
        ({"ssl_shutdown_timeout": 1}, "ssl_shutdown_timeout is only meaningful with ssl"),
    ],
)
def test_options_of_tls_are_checked(loop: Loop, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        run(loop, loop.create_unix_connection(RecordingProtocol, "nowhere", **options))


@pytest.mark.only_ouroloop
def test_a_protocol_factory_that_fails_leaves_nothing_open(loop: Loop, socket_path: str) -> None:
    def fail() -> RecordingProtocol:
        raise ZeroDivisionError

    with unix_listener(socket_path), pytest.raises(ZeroDivisionError):
        run(loop, loop.create_unix_connection(fail, socket_path))


@pytest.mark.parametrize("iterations", range(4))
def test_a_cancelled_connection_leaves_nothing_open(loop: Loop, socket_path: str, iterations: int) -> None:
    async def main() -> None:
        with unix_listener(socket_path):
            connecting = loop.create_task(loop.create_unix_connection(RecordingProtocol, socket_path))
            await turns(iterations)
            was_done = connecting.done()
            connecting.cancel()
            if was_done:
                transport, protocol = await connecting
                transport.close()
                await protocol.lost
            else:
                with pytest.raises(asyncio.CancelledError):
                    await connecting
            await turns()

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_listener_that_is_full_is_an_error_and_not_an_endless_wait(loop: Loop, socket_path: str) -> None:
    """The kernel has nothing to wait on: it says EAGAIN, and no event follows."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(unix_listener(socket_path, 0))
        stack.enter_context(socket.socket(socket.AF_UNIX)).connect(socket_path)
        with pytest.raises(BlockingIOError):
            run(loop, loop.create_unix_connection(RecordingProtocol, socket_path))


def test_no_descriptor_is_left_for_a_connection(loop: Loop, socket_path: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with unix_listener(socket_path):
        highest = max(int(each) for each in os.listdir("/proc/self/fd"))
        run(loop, turns(1))
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(highest + 1, soft), hard))
        fillers = []
        try:
            with contextlib.suppress(OSError):
                while True:
                    fillers.append(os.dup(0))
            with pytest.raises(OSError, match="Too many open files"):
                run(loop, loop.create_unix_connection(RecordingProtocol, socket_path))
        finally:
            for each in fillers:
                os.close(each)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_connections_at_once(loop: Loop, socket_path: str) -> None:
    count = 200
    served = Served()

    async def exchange(number: int) -> bytes:
        transport, protocol = await loop.create_unix_connection(RecordingProtocol, socket_path)
        text = b"%06d" % number * 100
        transport.write(text)
        answer = await protocol.receive(len(text))
        transport.close()
        await protocol.lost
        return answer == text

    async def main() -> None:
        server = await loop.create_unix_server(served, socket_path, backlog=count)
        assert all(await asyncio.gather(*(exchange(number) for number in range(count))))
        await served.ended()
        server.close()

    run(loop, main())


def test_a_slow_reader_pauses_the_writer(loop: Loop) -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        far.setblocking(False)
        with far:
            transport, protocol = await loop.create_unix_connection(RecordingProtocol, sock=near)
            size = 1 << 22
            transport.write(bytes(size))
            assert protocol.calls == ["connection_made", "pause_writing"]
            count = 0
            while count < size:
                with contextlib.suppress(BlockingIOError):
                    count += len(far.recv(1 << 18))
                await turns(1)
            assert protocol.calls == ["connection_made", "pause_writing", "resume_writing"]
            transport.close()
            await protocol.lost

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_transport_that_outlives_its_loop_gives_its_descriptor_back(loop: Loop) -> None:
    near, far = socket.socketpair()

    async def main() -> asyncio.BaseTransport:
        transport, _ = await loop.create_unix_connection(asyncio.Protocol, sock=near)
        return transport

    with far:
        transport = run(loop, main())
        loop.close()
        with pytest.warns(ResourceWarning, match="unclosed transport"):
            del transport
        assert near.fileno() == -1
        assert far.recv(1) == b""
