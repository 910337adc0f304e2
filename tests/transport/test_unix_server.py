"""Servers on Unix sockets: where they listen, whose file is removed and when, and what stands in their way."""

import asyncio
import errno
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from .peers import EchoProtocol, RecordingProtocol, Served, connected_sockets, eventually, run, turns

Loop = asyncio.AbstractEventLoop
ABSTRACT = f"\0ouroloop-server-{os.getpid()}"


async def echo(loop: Loop, address: Any) -> bytes:
    transport, protocol = await loop.create_unix_connection(RecordingProtocol, address)
    transport.write(b"ping")
    answer = await protocol.receive(4)
    transport.close()
    await protocol.lost
    return answer


async def serve_once(loop: Loop, *arguments: Any, **options: Any) -> None:
    """Make a server, prove that it echoes, close it."""
    served = Served()
    server = await loop.create_unix_server(served, *arguments, **options)
    assert await echo(loop, server.sockets[0].getsockname()) == b"ping"
    await served.ended()
    server.close()
    await server.wait_closed()


async def refuse(loop: Loop, *arguments: Any, **options: Any) -> None:
    await loop.create_unix_server(EchoProtocol, *arguments, **options)


@pytest.mark.parametrize("make", [str, os.fsencode, Path], ids=["str", "bytes", "path"])
def test_a_path_may_be_of_several_types(loop: Loop, socket_path: str, make: Any) -> None:
    run(loop, serve_once(loop, make(socket_path)))


@pytest.mark.parametrize("address", [ABSTRACT, ABSTRACT.encode()], ids=["str", "bytes"])
def test_an_abstract_name(loop: Loop, address: Any) -> None:
    run(loop, serve_once(loop, address))
    run(loop, serve_once(loop, address))


def test_a_bound_socket_is_taken(loop: Loop, socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(socket_path)
        run(loop, serve_once(loop, sock=sock))
        assert sock.fileno() == -1


def test_the_file_of_an_earlier_run_is_replaced(loop: Loop, socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX) as earlier:
        earlier.bind(socket_path)
    assert Path(socket_path).is_socket()
    run(loop, serve_once(loop, socket_path))


def test_a_file_that_is_no_socket_is_left_alone(loop: Loop, socket_path: str) -> None:
    Path(socket_path).write_text("precious")
    with pytest.raises(OSError, match="is already in use") as error:
        run(loop, refuse(loop, socket_path))
    assert error.value.errno == errno.EADDRINUSE
    assert error.value.strerror == f"Address {socket_path!r} is already in use"
    assert error.value.__suppress_context__
    assert Path(socket_path).read_text() == "precious"


def test_an_abstract_name_that_is_taken(loop: Loop) -> None:
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(ABSTRACT)
        with pytest.raises(OSError, match="is already in use") as error:
            run(loop, refuse(loop, ABSTRACT))
    assert error.value.strerror == f"Address {ABSTRACT!r} is already in use"


def test_a_stale_file_that_cannot_be_removed_is_reported(
    loop: Loop, socket_path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its folder may be of somebody else. The tests may run as root, to whom nothing is refused."""
    with socket.socket(socket.AF_UNIX) as earlier:
        earlier.bind(socket_path)

    def remove(path: Any) -> None:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "remove", remove)
    with caplog.at_level(logging.ERROR, "asyncio"), pytest.raises(OSError, match="is already in use"):
        run(loop, refuse(loop, socket_path))
    cause = PermissionError(errno.EPERM, "no")
    text = f"Unable to check or remove stale UNIX socket {socket_path!r}: {cause!r}"
    assert [record.getMessage() for record in caplog.records] == [text]


def test_the_running_python_says_whether_the_file_goes_by_default(loop: Loop, socket_path: str) -> None:
    """A program that was written for an older one removes it itself, and fails where it is gone."""
    run(loop, serve_once(loop, socket_path))
    assert Path(socket_path).exists() == (sys.version_info < (3, 13))


@pytest.mark.reference_since(3, 13)
def test_the_file_goes_with_the_server(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        server = await loop.create_unix_server(EchoProtocol, socket_path, cleanup_socket=True)
        assert Path(socket_path).is_socket()
        server.close()
        assert not Path(socket_path).exists()
        server.close()
        await server.wait_closed()

    run(loop, main())


@pytest.mark.reference_since(3, 13)
def test_the_file_of_a_given_socket_goes_too(loop: Loop, socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(socket_path)
        run(loop, serve_once(loop, sock=sock, cleanup_socket=True))
    assert not Path(socket_path).exists()


@pytest.mark.reference_since(3, 13)
def test_the_file_stays_where_that_is_asked_for(loop: Loop, socket_path: str) -> None:
    run(loop, serve_once(loop, socket_path, cleanup_socket=False))
    assert Path(socket_path).is_socket()


@pytest.mark.reference_since(3, 13)
def test_a_file_that_is_gone_already_is_no_trouble(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        server = await loop.create_unix_server(EchoProtocol, socket_path, cleanup_socket=True)
        os.unlink(socket_path)
        server.close()
        await turns()

    run(loop, main())


@pytest.mark.exact_calls
@pytest.mark.reference_since(3, 13)
def test_a_file_that_somebody_has_replaced_stays(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        first = await loop.create_unix_server(EchoProtocol, socket_path, cleanup_socket=True)
        second = await loop.create_unix_server(EchoProtocol, socket_path, cleanup_socket=True)
        first.close()
        assert await echo(loop, socket_path) == b"ping"
        second.close()
        assert not Path(socket_path).exists()
        await turns()

    run(loop, main())


@pytest.mark.only_ouroloop
def test_the_file_is_found_again_from_another_folder(
    loop: Loop, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        monkeypatch.chdir(socket_folder)
        server = await loop.create_unix_server(EchoProtocol, "near", cleanup_socket=True)
        monkeypatch.chdir("/")
        server.close()
        assert list(socket_folder.iterdir()) == []
        await turns()

    run(loop, main())


@pytest.mark.reference_since(3, 13)
def test_a_file_that_cannot_be_removed_is_reported(
    loop: Loop, socket_path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unlink(path: Any) -> None:
        raise PermissionError(errno.EPERM, "no")

    async def main() -> None:
        server = await loop.create_unix_server(EchoProtocol, socket_path, cleanup_socket=True)
        with monkeypatch.context() as patched, caplog.at_level(logging.ERROR, "asyncio"):
            patched.setattr(os, "unlink", unlink)
            server.close()
        await server.wait_closed()

    run(loop, main())
    cause = PermissionError(errno.EPERM, "no")
    text = f"Unable to clean up listening UNIX socket {socket_path!r}: {cause!r}"
    assert [record.getMessage() for record in caplog.records] == [text]


def test_a_server_that_is_started_later(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        server = await loop.create_unix_server(EchoProtocol, socket_path, start_serving=False)
        assert not server.is_serving()
        with pytest.raises(ConnectionRefusedError):
            await loop.create_unix_connection(RecordingProtocol, socket_path)
        await server.start_serving()
        assert await echo(loop, socket_path) == b"ping"
        server.close()
        await turns(100)

    run(loop, main())


@pytest.mark.reference_since(3, 13)
def test_serving_forever_removes_the_file_when_it_is_cancelled(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        server = await loop.create_unix_server(EchoProtocol, socket_path, cleanup_socket=True)
        serving = loop.create_task(server.serve_forever())
        assert await echo(loop, socket_path) == b"ping"
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert not Path(socket_path).exists()

    run(loop, main())


def test_the_backlog_is_the_kernels(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        served = Served()
        server = await loop.create_unix_server(served, socket_path, backlog=2, start_serving=False)
        await server.start_serving()
        clients = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for client in clients:
            client.setblocking(False)
        for client in clients[:3]:
            client.connect(socket_path)
        with pytest.raises(BlockingIOError):
            clients[3].connect(socket_path)
        for client in clients:
            client.close()
        await eventually(lambda: len(served.made) == 3)
        await served.ended()
        server.close()
        await turns()

    run(loop, main())


def test_a_path_and_a_socket_are_too_much(loop: Loop, socket_path: str) -> None:
    with (
        socket.socket(socket.AF_UNIX) as sock,
        pytest.raises(ValueError, match=r"^path and sock can not be specified at the same time$"),
    ):
        run(loop, refuse(loop, socket_path, sock=sock))
    assert not Path(socket_path).exists()


def test_neither_a_path_nor_a_socket_is_too_little(loop: Loop) -> None:
    with pytest.raises(ValueError, match=r"^path was not specified, and no sock specified$"):
        run(loop, refuse(loop))


def test_a_socket_of_another_kind_is_refused(loop: Loop) -> None:
    with connected_sockets() as (near, _), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        for sock in (near, datagrams):
            with pytest.raises(ValueError, match="was expected, got") as error:
                run(loop, refuse(loop, sock=sock))
            assert str(error.value) == f"A UNIX Domain Stream Socket was expected, got {sock!r}"


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"ssl": True}, TypeError, "ssl argument must be an SSLContext or None"),
        ({"ssl": False}, TypeError, "ssl argument must be an SSLContext or None"),
        ({"ssl_handshake_timeout": 1}, ValueError, "ssl_handshake_timeout is only meaningful with ssl"),
        ({"ssl_shutdown_timeout": 1}, ValueError, "ssl_shutdown_timeout is only meaningful with ssl"),
    ],
)
def test_options_of_tls_are_checked(
    loop: Loop, socket_path: str, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=f"^{text}$"):
        run(loop, refuse(loop, socket_path, **options))
    assert not Path(socket_path).exists()


@pytest.mark.only_ouroloop
def test_an_empty_path_is_an_index_error_and_leaves_nothing_open(loop: Loop) -> None:
    """The error is the standard library's, which leaves the socket to the collector."""
    with pytest.raises(IndexError):
        run(loop, refuse(loop, ""))


def test_a_folder_that_does_not_exist(loop: Loop, socket_folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(loop, refuse(loop, socket_folder / "no" / "socket"))


def test_a_path_that_is_too_long_is_an_oserror(loop: Loop, socket_folder: Path) -> None:
    with pytest.raises(OSError, match=r"^AF_UNIX path too long$"):
        run(loop, refuse(loop, socket_folder / ("x" * 108)))
    assert list(socket_folder.iterdir()) == []


@pytest.mark.only_ouroloop
def test_a_server_that_cannot_start_leaves_no_file(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        making = loop.create_task(loop.create_unix_server(EchoProtocol, socket_path, cleanup_socket=True))
        await turns(1)
        assert Path(socket_path).exists()
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert not Path(socket_path).exists()

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_socket_that_is_not_bound_cannot_be_listened_on(loop: Loop) -> None:
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(OSError, match="Invalid argument"):
        run(loop, refuse(loop, sock=sock))
