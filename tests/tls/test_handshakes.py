"""Handshakes that go wrong: cut off anywhere, never begun, too slow, in another language. Nothing hangs or leaks, and
the server goes on serving."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from .peers import LOOPBACK, EchoProtocol, RecordingProtocol, connected, eventually, run, turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Certificate

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def record_handshake(certificate: Certificate, version: ssl.TLSVersion) -> dict[str, list[bytes]]:
    """What the "client" and the "server" of a handshake say, in flights."""
    ends: dict[str, Any] = {}
    for name in ("client", "server"):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        limits = {"minimum_version": version, "maximum_version": version}
        if name == "client":
            tls = certificate.client_context(**limits).wrap_bio(
                incoming, outgoing, server_hostname="localhost"
            )
        else:
            tls = certificate.server_context(**limits).wrap_bio(incoming, outgoing, server_side=True)
        ends[name] = tls, incoming, outgoing
    said: dict[str, list[bytes]] = {"client": [], "server": []}
    for _ in range(4):
        for name, other in (("client", "server"), ("server", "client")):
            with contextlib.suppress(ssl.SSLWantReadError):
                ends[name][0].do_handshake()
            if flight := ends[name][2].read():
                said[name].append(flight)
                ends[other][1].write(flight)
    return said


def records_of(data: bytes) -> Iterator[bytes]:
    """The TLS records in a piece of a stream."""
    while data:
        size = 5 + int.from_bytes(data[3:5], "big")
        yield data[:size]
        data = data[size:]


def cuts_of(flights: list[bytes]) -> list[bytes]:
    """What was said when somebody stopped: after each record, within each record, and at bytes in between."""
    stream = b"".join(flights)
    ends = {0, 1, len(stream) - 1}
    place = 0
    for record in records_of(stream):
        ends |= {place + 3, place + 5, place + 6, place + len(record) // 2, place + len(record) - 1}
        place += len(record)
        ends.add(place)
    return [stream[:end] for end in sorted(ends) if end < len(stream)]


def end_stream(sock: socket.socket, how: str) -> None:
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize("version", VERSIONS)
def test_client_that_stops_anywhere_harms_nobody(loop, certificate, version, how):
    cuts = cuts_of(record_handshake(certificate, version)["client"])
    assert len(cuts) > 10

    async def main() -> None:
        server_context = certificate.server_context(minimum_version=version, maximum_version=version)
        async with await connected(server_context, certificate.client_context()) as ends:
            for cut in cuts:
                sock = socket.create_connection(ends.address)
                sock.sendall(cut)
                await turns(3)
                end_stream(sock, how)
            await asyncio.sleep(0.05)
            ends.transport.write(b"still here")
            assert await ends.near.receive(10) == b"still here"
            # No protocol but the first has ever had a connection.
            assert sum(bool(protocol.calls) for protocol in ends.made) == 1
            assert len(ends.made) == len(cuts) + 1
            ends.made[:] = [protocol for protocol in ends.made if protocol.calls]

    run(loop, main())


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize("version", VERSIONS)
def test_server_that_stops_anywhere_fails_the_connection(loop, certificate, version, how):
    cuts = cuts_of(record_handshake(certificate, version)["server"])

    async def serve(listener: socket.socket, cut: bytes) -> None:
        sock, _ = await loop.sock_accept(listener)
        await loop.sock_recv(sock, 65536)
        await loop.sock_sendall(sock, cut)
        end_stream(sock, how)

    async def main() -> None:
        context = certificate.client_context(minimum_version=version, maximum_version=version)
        with socket.create_server((LOOPBACK, 0)) as listener:
            listener.setblocking(False)
            for cut in cuts:
                serving = asyncio.ensure_future(serve(listener, cut))
                # A recorded handshake is for another client: some cuts are long enough for it to notice.
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    await loop.create_connection(
                        RecordingProtocol, *listener.getsockname(), ssl=context, server_hostname="localhost"
                    )
                await serving

    run(loop, main())


def test_server_that_ends_at_once_is_a_reset(loop, client_context):
    async def main() -> None:
        with socket.create_server((LOOPBACK, 0)) as listener:
            connecting = asyncio.ensure_future(
                loop.create_connection(
                    RecordingProtocol,
                    *listener.getsockname(),
                    ssl=client_context,
                    server_hostname="localhost",
                )
            )
            await turns()
            sock = listener.accept()[0]
            await asyncio.sleep(0.01)
            sock.recv(65536)
            sock.close()
            with pytest.raises(ConnectionResetError) as caught:
                await connecting
            assert caught.value.args == ()

    run(loop, main())


TEXT = r"^SSL handshake is taking longer than 0.05 seconds: aborting the connection$"


def test_silent_server_is_given_up(loop, client_context):
    async def main() -> None:
        with (
            socket.create_server((LOOPBACK, 0)) as listener,
            pytest.raises(ConnectionAbortedError, match=TEXT),
        ):
            await loop.create_connection(
                RecordingProtocol,
                *listener.getsockname(),
                ssl=client_context,
                server_hostname="localhost",
                ssl_handshake_timeout=0.05,
            )

    run(loop, main())


def test_silent_and_slow_clients_are_given_up(loop, server_context, client_context):
    async def main() -> None:
        options = {"ssl_handshake_timeout": 0.3}
        async with await connected(server_context, client_context, server_options=options) as ends:
            with (
                socket.create_connection(ends.address) as silent,
                socket.create_connection(ends.address) as slow,
            ):
                for sock in (silent, slow):
                    sock.setblocking(False)
                for byte in b"\x16\x03\x01\x02\x00":
                    slow.send(bytes([byte]))
                    await asyncio.sleep(0.05)
                await eventually(lambda: is_over(silent) and is_over(slow))
            ends.transport.write(b"still here")
            assert await ends.near.receive(10) == b"still here"
            ends.made[:] = [protocol for protocol in ends.made if protocol.calls]

    run(loop, main())


def is_over(sock: socket.socket) -> bool:
    """Whether the other end has closed."""
    try:
        while sock.recv(1000):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00" * 1000,
        b"\xff" * 100_000,
        b"\x16\x03\x01\xff\xff" + b"\x01" * 70_000,
        b"\x15\x03\x03\x00\x02\x02\x28",  # an alert
        b"\x80\x2e\x01\x00\x02" + b"\x00" * 44,  # how version 2 began
    ],
    ids=["http", "ssh", "zeros", "ones", "oversized", "alert", "version2"],
)
def test_what_is_no_handshake_is_refused(loop, server_context, client_context, garbage):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            with socket.create_connection(ends.address) as sock:
                sock.setblocking(False)
                with contextlib.suppress(ConnectionError):
                    await loop.sock_sendall(sock, garbage)
                await eventually(lambda: is_over(sock))
            ends.transport.write(b"still here")
            assert await ends.near.receive(10) == b"still here"
            ends.made[:] = [protocol for protocol in ends.made if protocol.calls]

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's closes without a word
def test_client_of_another_version_gets_an_alert(loop, certificate):
    async def main() -> None:
        server_context = certificate.server_context(minimum_version=ssl.TLSVersion.TLSv1_3)
        client_context = certificate.client_context(maximum_version=ssl.TLSVersion.TLSv1_2)
        with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
            await connected(server_context, client_context)
        await turns(100)

    run(loop, main())


def test_plain_server_is_no_tls_server(loop, client_context):
    async def main() -> None:
        made: list[EchoProtocol] = []

        def make() -> EchoProtocol:
            made.append(EchoProtocol())
            return made[-1]

        server = await loop.create_server(make, LOOPBACK, 0)
        with pytest.raises(ssl.SSLError):
            await loop.create_connection(
                RecordingProtocol,
                *server.sockets[0].getsockname(),
                ssl=client_context,
                server_hostname="localhost",
            )
        server.close()
        await made[0].lost
        await turns()

    run(loop, main())


def test_cancelled_connection_leaves_nothing(loop, client_context):
    async def main() -> None:
        with socket.create_server((LOOPBACK, 0)) as listener:
            for wait in (0, 1, 3, 10):
                connecting = asyncio.ensure_future(
                    loop.create_connection(
                        RecordingProtocol, *listener.getsockname(), ssl=client_context, server_hostname="x"
                    )
                )
                await turns(wait)
                connecting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await connecting
            await turns()

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's is silent about it, in debug mode alone it says so
@pytest.mark.parametrize("debug", [False, True])
def test_failed_handshake_of_a_client_is_reported_in_debug_mode(
    loop, server_context, client_context, capture_errors, debug
):
    async def main() -> None:
        loop.set_debug(debug)
        async with await connected(server_context, client_context) as ends:
            with socket.create_connection(ends.address) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
                sock.setblocking(False)
                await eventually(lambda: is_over(sock))
            await turns(10)
            ends.made[:] = [protocol for protocol in ends.made if protocol.calls]
        messages = [each["message"] for each in capture_errors]
        assert messages == (["Error on transport creation for incoming connection"] if debug else [])

    run(loop, main())


def test_debug_mode_tells_how_long_a_handshake_took(loop, server_context, client_context, asyncio_log):
    async def main() -> None:
        loop.set_debug(True)
        async with await connected(server_context, client_context):
            pass

    run(loop, main())
    texts = [each.getMessage() for each in asyncio_log]
    assert sum("starts SSL handshake" in text for text in texts) == 2
    assert sum("SSL handshake took" in text for text in texts) == 2


def test_error_in_the_servers_choice_of_a_certificate_fails_that_handshake(
    loop, server_context, client_context
):
    def choose(_ssl_object: Any, name: str, _context: ssl.SSLContext) -> int | None:
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name != "localhost" else None

    async def main() -> None:
        server_context.sni_callback = choose
        async with await connected(server_context, client_context) as ends:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await loop.create_connection(
                    RecordingProtocol, *ends.address, ssl=client_context, server_hostname="other.test"
                )
            ends.transport.write(b"still here")
            assert await ends.near.receive(10) == b"still here"
            ends.made[:] = [protocol for protocol in ends.made if protocol.calls]

    run(loop, main())
