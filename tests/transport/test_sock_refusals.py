"""What the socket methods refuse: sockets of transports, blocking, closed and TLS ones, wrong arguments."""

import asyncio
import socket
from typing import Any

import pytest

from .peers import LOOPBACK, RecordingProtocol, connected_sockets, run, tls_socket

Loop = asyncio.AbstractEventLoop


def test_the_socket_of_a_transport_is_refused(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            transport, protocol = await loop.create_connection(RecordingProtocol, sock=near)
            for waiting in (loop.sock_recv(near, 1), loop.sock_recv_into(near, bytearray(1))):
                with pytest.raises(RuntimeError) as error:
                    await waiting
                text = f"File descriptor {near.fileno()} is used by transport {transport!r}"
                assert str(error.value) == text
            far.send(b"x")
            assert await protocol.receive(1) == b"x"
            transport.close()
            await protocol.lost

    run(loop, main())


METHODS: dict[str, tuple[Any, ...]] = {
    "sock_recv": (1,),
    "sock_recv_into": (bytearray(1),),
    "sock_recvfrom": (1,),
    "sock_recvfrom_into": (bytearray(1),),
    "sock_sendall": (b"x",),
    "sock_sendto": (b"x", (LOOPBACK, 1)),
    "sock_connect": ((LOOPBACK, 1),),
    "sock_accept": (),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_blocking_socket_is_refused_in_debug_mode(loop: Loop, name: str) -> None:
    async def main(sock: socket.socket) -> None:
        with pytest.raises(ValueError, match=r"^the socket must be non-blocking$"):
            await getattr(loop, name)(sock, *METHODS[name])

    loop.set_debug(True)
    loop.slow_callback_duration = 60.0
    with socket.socket() as blocking:
        run(loop, main(blocking))
        blocking.settimeout(1.0)
        run(loop, main(blocking))


@pytest.mark.parametrize("name", METHODS)
def test_a_tls_socket_is_refused(loop: Loop, name: str) -> None:
    async def main(sock: socket.socket) -> None:
        with pytest.raises(TypeError, match=r"^Socket cannot be of type SSLSocket$"):
            await getattr(loop, name)(sock, *METHODS[name])

    with tls_socket() as wrapped:
        run(loop, main(wrapped))


@pytest.mark.parametrize("name", METHODS)
def test_a_closed_socket_is_an_oserror(loop: Loop, name: str) -> None:
    async def main() -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            await getattr(loop, name)(sock, *METHODS[name])

    run(loop, main())


def test_wrong_arguments_are_type_errors(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, _):
            for waiting in (
                loop.sock_recv(near, "ten"),  # type: ignore[arg-type]
                loop.sock_recv_into(near, b"read only"),  # type: ignore[arg-type]
                loop.sock_sendall(near, "text"),  # type: ignore[arg-type]
            ):
                with pytest.raises(TypeError):
                    await waiting
            with pytest.raises(ValueError, match="negative buffersize in recv"):
                await loop.sock_recv(near, -1)

    run(loop, main())


@pytest.mark.parametrize(
    ("name", "arguments", "attribute"),
    [
        ("sock_recv", (1,), "recv"),
        ("sock_recv_into", (bytearray(1),), "recv_into"),
        ("sock_sendall", (b"x",), "send"),
    ],
)
def test_what_is_no_socket_is_an_attribute_error(
    loop: Loop, name: str, arguments: tuple[Any, ...], attribute: str
) -> None:
    async def main() -> None:
        with pytest.raises(AttributeError, match=rf"^'int' object has no attribute '{attribute}'$"):
            await getattr(loop, name)(5, *arguments)

    run(loop, main())
