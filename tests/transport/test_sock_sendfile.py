"""`sock_sendfile`: a file over a socket that the user owns, natively and copied."""

import asyncio
import errno
import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from .datagram_peers import datagram_sockets
from .file_peers import DATA, Odd
from .peers import Peer, connected_sockets, run, tls_socket, turns

Loop = asyncio.AbstractEventLoop


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(DATA)
    return made


@pytest.fixture
def file(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as opened:
        yield opened


@pytest.fixture(params=["native", "copied"])
def make_file(request: pytest.FixtureRequest, file: BinaryIO) -> Any:
    return file if request.param == "native" else io.BytesIO(DATA)


def test_a_file_arrives_whole(loop: Loop, make_file: Any) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            await loop.sock_sendall(near, b"before")
            sending = loop.create_task(loop.sock_sendfile(near, make_file))
            peer = Peer(far)
            assert await peer.receive(6 + len(DATA)) == b"before" + DATA
            assert await sending == len(DATA)
            assert make_file.tell() == len(DATA)
            await loop.sock_sendall(near, b"after")
            assert await peer.receive(5) == b"after"

    run(loop, main())


def test_a_part_of_a_file(loop: Loop, make_file: Any) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            assert await loop.sock_sendfile(near, make_file, 1000, 2000) == 2000
            assert await Peer(far).receive(2000) == DATA[1000:3000]
            assert make_file.tell() == 3000

    run(loop, main())


@pytest.mark.reference_since(3, 15)
def test_nothing_is_left_at_the_end_of_a_file_which_stands_there(loop: Loop, make_file: Any) -> None:
    async def main() -> None:
        with connected_sockets() as (near, _):
            assert await loop.sock_sendfile(near, make_file, len(DATA)) == 0
            assert make_file.tell() == len(DATA)

    run(loop, main())


@pytest.mark.only_ouroloop
def test_the_position_is_right_for_a_file_that_has_read_ahead(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            assert file.read(10) == DATA[:10]
            assert await loop.sock_sendfile(near, file, 20, 30) == 30
            assert await Peer(far).receive(30) == DATA[20:50]
            assert file.tell() == 50

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_file_that_has_read_ahead_goes_on_reading_where_it_stands(loop: Loop, file: BinaryIO) -> None:
    """The standard library moves the descriptor, and the file object reads what it had read before."""

    async def main() -> None:
        with connected_sockets() as (near, far):
            assert file.read(10) == DATA[:10]
            assert await loop.sock_sendfile(near, file, 20, 30) == 30
            await Peer(far).receive(30)
            assert file.read(10) == DATA[50:60]
            assert file.read() == DATA[60:]

    run(loop, main())


def test_a_file_that_can_only_be_read(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            assert await loop.sock_sendfile(near, Odd(b"some data")) == 9  # type: ignore[arg-type]
            assert await Peer(far).receive(9) == b"some data"

    run(loop, main())


def test_without_fallback_an_odd_file_is_refused(loop: Loop) -> None:
    async def main() -> None:
        with (
            connected_sockets() as (near, _),
            pytest.raises(asyncio.SendfileNotAvailableError, match=r"^not a regular file$"),
        ):
            await loop.sock_sendfile(near, io.BytesIO(DATA), fallback=False)

    run(loop, main())


def test_without_fallback_a_socket_that_is_not_connected_is_refused(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        with socket.socket() as sock:
            sock.setblocking(False)
            with pytest.raises(asyncio.SendfileNotAvailableError, match=r"^os.sendfile call failed$"):
                await loop.sock_sendfile(sock, file, fallback=False)
            with pytest.raises(BrokenPipeError):
                await loop.sock_sendfile(sock, file)

    run(loop, main())


def test_a_datagram_socket_is_refused(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        with (
            datagram_sockets(1) as (sock,),
            pytest.raises(ValueError, match=r"^only SOCK_STREAM type sockets are supported$"),
        ):
            await loop.sock_sendfile(sock, file)

    run(loop, main())


@pytest.mark.parametrize(
    ("offset", "count", "error", "text"),
    [
        (0, 0, ValueError, "count must be a positive integer (got 0)"),
        (0, "1", TypeError, "count must be a positive integer (got '1')"),
        (-1, None, ValueError, "offset must be a non-negative integer (got -1)"),
        (1.0, None, TypeError, "offset must be a non-negative integer (got 1.0)"),
        (1 << 70, None, OverflowError, "Python int too large to convert to C long"),
    ],
)
def test_wrong_arguments_are_refused(
    loop: Loop, file: BinaryIO, offset: Any, count: Any, error: type[Exception], text: str
) -> None:
    async def main() -> None:
        with connected_sockets() as (near, _):
            with pytest.raises(error) as raised:
                await loop.sock_sendfile(near, file, offset, count)
            assert str(raised.value) == text

    run(loop, main())


def test_a_file_that_cannot_tell_its_descriptor_says_why(loop: Loop) -> None:
    class Broken:
        mode = "rb"

        def fileno(self) -> int:
            raise OSError(errno.EIO, "broken")

    async def main() -> None:
        with connected_sockets() as (near, _), pytest.raises(OSError, match="broken"):
            await loop.sock_sendfile(near, Broken())  # type: ignore[arg-type]

    run(loop, main())


def test_a_text_file_is_refused(loop: Loop, path: Path) -> None:
    async def main() -> None:
        with (
            path.open("r", encoding="latin-1") as text,
            connected_sockets() as (near, _),
            pytest.raises(ValueError, match=r"^file should be opened in binary mode$"),
        ):
            await loop.sock_sendfile(near, text)  # type: ignore[arg-type]

    run(loop, main())


def test_a_socket_that_blocks_is_refused_in_debug_mode(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        with (
            socket.socket() as blocking,
            pytest.raises(ValueError, match=r"^the socket must be non-blocking$"),
        ):
            await loop.sock_sendfile(blocking, file)

    loop.set_debug(True)
    loop.slow_callback_duration = 60.0
    run(loop, main())


def test_a_tls_socket_is_refused(loop: Loop, file: BinaryIO) -> None:
    with tls_socket() as wrapped, pytest.raises(TypeError, match=r"^Socket cannot be of type SSLSocket$"):
        run(loop, loop.sock_sendfile(wrapped, file))


def test_a_peer_that_closes_in_the_middle_is_a_connection_error(loop: Loop, make_file: Any) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
            sending = loop.create_task(loop.sock_sendfile(near, make_file))
            await turns()
            Peer(far).reset()
            with pytest.raises(ConnectionError):
                await sending
            assert 0 < make_file.tell() < len(DATA)

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_cancelled_sender_leaves_the_file_where_it_stopped(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            sending = loop.create_task(loop.sock_sendfile(near, file))
            await turns(20)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert not loop.remove_writer(near)
            sent = file.tell()
            assert 0 < sent < len(DATA)
            assert await Peer(far).receive(sent) == DATA[:sent]
            with pytest.raises(BlockingIOError):
                far.recv(1)

    run(loop, main())
