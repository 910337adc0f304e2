"""Connections and servers that speak TLS: what both ends see of a handshake, of bytes, and of an end."""

from __future__ import annotations

import asyncio
import socket
import ssl
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from .peers import (
    LOOPBACK,
    EchoProtocol,
    RecordingProtocol,
    connected,
    connected_sockets,
    eventually,
    run,
    turns,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_bytes_go_both_ways_and_each_end_hears_of_its_connection_once(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            ends.transport.write(b"hello")
            assert await ends.near.receive(5) == b"hello"
        assert ends.near.calls[0] == ends.far.calls[0] == "connection_made"
        assert ends.near.calls.count("connection_lost") == ends.far.calls.count("connection_lost") == 1
        assert ends.near.lost.result() is None
        assert ends.far.lost.result() is None

    run(loop, main())


@pytest.mark.parametrize("size", [1, 1000, 16384, 16385, 100_000, 3_000_000])
def test_messages_of_any_size_arrive_whole(loop, server_context, client_context, size):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            data = bytes(index % 251 for index in range(1000)) * (size // 1000 + 1)
            ends.transport.write(data[:size])
            assert await ends.near.receive(size) == data[:size]

    run(loop, main())


def test_every_kind_of_buffer_is_sent_as_it_was(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            mutable = bytearray(b"b" * 5)
            ends.transport.write(b"a")
            ends.transport.write(mutable)
            mutable[:] = b"XXXXX"
            ends.transport.write(memoryview(b"ccccc")[1:3])
            ends.transport.write(memoryview(b"dddd").cast("H"))
            ends.transport.write(b"")
            ends.transport.writelines([b"e", bytearray(b"f"), memoryview(b"g"), b""])
            ends.transport.writelines(iter([]))
            assert await ends.near.receive(15) == b"abbbbbccddddefg"

    run(loop, main())


@pytest.mark.parametrize("data", ["text", 1, None, [b"list"]])
def test_what_is_no_buffer_is_refused(loop, server_context, client_context, data):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            with pytest.raises(TypeError, match=r"^data: expecting a bytes-like instance, got "):
                ends.transport.write(data)

    run(loop, main())


def test_user_sees_a_transport_and_what_was_agreed(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            transport = ends.transport
            assert isinstance(transport, asyncio.Transport)
            assert transport.get_protocol() is ends.near
            assert transport.get_extra_info("sslcontext") is client_context
            ssl_object = transport.get_extra_info("ssl_object")
            assert isinstance(ssl_object, ssl.SSLObject)
            assert transport.get_extra_info("peercert") == ssl_object.getpeercert()
            assert transport.get_extra_info("cipher") == ssl_object.cipher()
            assert transport.get_extra_info("compression", "default") == ssl_object.compression()
            assert transport.get_extra_info("socket").fileno() >= 0
            assert transport.get_extra_info("peername") == ends.server.sockets[0].getsockname()
            assert transport.get_extra_info("nothing", "default") == "default"
            assert not transport.can_write_eof()
            with pytest.raises(NotImplementedError):
                transport.write_eof()
            assert not transport.is_closing()
            assert transport.is_reading()
            assert transport.get_write_buffer_limits() == (128 * 1024, 512 * 1024)
            assert transport.get_read_buffer_limits() == (64 * 1024, 256 * 1024)
        assert transport.is_closing()

    run(loop, main())


def test_a_program_may_keep_things_on_a_transport_and_replace_its_methods(
    loop, server_context, client_context
):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            transport: Any = ends.transport
            assert weakref.ref(transport)() is transport
            transport.kept = "for later"
            assert transport.kept == "for later"
            written: list[bytes] = []
            transport.write = written.append
            transport.write(b"held back")
            del transport.write
            transport.write(b"sent")
            assert await ends.near.receive(4) == b"sent"
            assert written == [b"held back"]

    run(loop, main())


def test_application_protocol_is_agreed(loop, server_context, client_context):
    async def main() -> None:
        server_context.set_alpn_protocols(["h2", "http/1.1"])
        client_context.set_alpn_protocols(["http/1.1"])
        async with await connected(server_context, client_context) as ends:
            for transport in (ends.transport, ends.far.transport):
                ssl_object = transport.get_extra_info("ssl_object")
                assert ssl_object.selected_alpn_protocol() == "http/1.1"

    run(loop, main())


def test_server_picks_its_certificate_by_name(loop, server_context, client_context, other_certificate):
    names = []

    def choose(ssl_object: Any, name: str, _context: ssl.SSLContext) -> None:
        names.append(name)
        if name == "other.test":
            ssl_object.context = other_certificate.server_context()

    async def main() -> None:
        server_context.sni_callback = choose
        for name in ("localhost", "other.test"):
            async with await connected(server_context, client_context, server_hostname=name) as ends:
                assert ("DNS", name) in ends.transport.get_extra_info("peercert")["subjectAltName"]
        assert names == ["localhost", "other.test"]

    run(loop, main())


def test_client_certificate_is_asked_for_and_shown(loop, certificate, client_certificate):
    async def main() -> None:
        server_context = certificate.server_context()
        server_context.verify_mode = ssl.CERT_REQUIRED
        server_context.load_verify_locations(certificate.authority)
        client_context = certificate.client_context()
        client_context.load_cert_chain(client_certificate.certificate, client_certificate.key)
        async with await connected(server_context, client_context) as ends:
            ends.transport.write(b"x")
            await ends.near.receive(1)
            shown = ends.far.transport.get_extra_info("peercert")
            assert shown["subjectAltName"] == (("DNS", "client.test"),)

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's closes without an alert, and the client never learns why
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_without_a_certificate_is_told_why_it_is_turned_away(loop, certificate, version):
    async def main() -> None:
        server_context = certificate.server_context(minimum_version=version, maximum_version=version)
        server_context.verify_mode = ssl.CERT_REQUIRED
        server_context.load_verify_locations(certificate.authority)
        try:
            ends = await connected(server_context, certificate.client_context())
        except ssl.SSLError as error:
            reason = error
        else:
            # With TLS 1.3 the client hears of it after its own handshake.
            reason = await ends.near.lost
            ends.server.close()
        assert "CERTIFICATE_REQUIRED" in str(reason) or "HANDSHAKE_FAILURE" in str(reason)
        await turns(100)

    run(loop, main())


def test_session_is_used_again(loop, certificate):
    version = ssl.TLSVersion.TLSv1_2
    server_context = certificate.server_context(maximum_version=version)
    client_context = certificate.client_context(maximum_version=version)
    known: list[ssl.SSLSession] = []

    class Resuming(ssl.SSLObject):
        def do_handshake(self) -> None:
            if known and self.session is None:
                self.session = known[0]
            super().do_handshake()

    async def main() -> None:
        client_context.sslobject_class = Resuming
        async with await connected(server_context, client_context) as ends:
            first = ends.transport.get_extra_info("ssl_object")
            assert not first.session_reused
            known.append(first.session)
        async with await connected(server_context, client_context) as ends:
            assert ends.transport.get_extra_info("ssl_object").session_reused
            ends.transport.write(b"hello")
            assert await ends.near.receive(5) == b"hello"

    run(loop, main())


def test_unknown_certificate_is_refused_with_the_reason(loop, foreign_certificate, client_context):
    async def main() -> None:
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer certificate"):
            await connected(foreign_certificate.server_context(), client_context)
        await turns(100)

    run(loop, main())


def test_certificate_for_another_name_is_refused(loop, other_certificate, client_context):
    async def main() -> None:
        with pytest.raises(ssl.CertificateError, match="localhost"):
            await connected(other_certificate.server_context(), client_context)
        await turns(100)

    run(loop, main())


def test_name_to_expect_is_the_host(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context, server_hostname=None) as ends:
            assert ends.transport.get_extra_info("ssl_object").server_hostname == LOOPBACK

    run(loop, main())


def test_default_context_trusts_no_test_certificate(loop, server_context):
    async def main() -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connected(server_context, True)
        await turns(100)

    run(loop, main())


def test_accepted_socket_is_served(loop, server_context, client_context):
    async def main() -> None:
        with connected_sockets() as (near, far):
            client, server = await asyncio.gather(
                loop.create_connection(
                    RecordingProtocol, sock=near.dup(), ssl=client_context, server_hostname="localhost"
                ),
                loop.connect_accepted_socket(EchoProtocol, far.dup(), ssl=server_context),
            )
        client[0].write(b"hello")
        assert await client[1].receive(5) == b"hello"
        client[0].close()
        await client[1].lost
        await server[1].lost

    run(loop, main())


def test_unix_sockets_carry_tls(loop, server_context, client_context, tmp_path: Path):
    async def main() -> None:
        made: list[EchoProtocol] = []

        def make() -> EchoProtocol:
            made.append(EchoProtocol())
            return made[-1]

        path = str(tmp_path / "socket")
        server = await loop.create_unix_server(make, path, ssl=server_context)
        transport, protocol = await loop.create_unix_connection(
            RecordingProtocol, path, ssl=client_context, server_hostname="localhost"
        )
        transport.write(b"hello")
        assert await protocol.receive(5) == b"hello"
        transport.close()
        await protocol.lost
        server.close()
        await made[0].lost

    run(loop, main())


@pytest.mark.parametrize("name", ["ssl_handshake_timeout", "ssl_shutdown_timeout"])
@pytest.mark.parametrize("seconds", [0, -1])
def test_time_limits_are_positive(loop, client_context, name, seconds):
    async def main() -> None:
        with (
            connected_sockets() as (near, _),
            pytest.raises(ValueError, match=rf"^{name} should be a positive number, got {seconds}$"),
        ):
            await loop.create_connection(
                RecordingProtocol,
                sock=near,
                ssl=client_context,
                server_hostname="",
                **{name: seconds},
            )

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's never ends then
@pytest.mark.parametrize("name", ["ssl_handshake_timeout", "ssl_shutdown_timeout"])
def test_time_limit_that_is_no_number_is_refused(loop, client_context, name):
    async def main() -> None:
        with (
            connected_sockets() as (near, _),
            pytest.raises(ValueError, match=rf"^{name} should be a positive number, got nan$"),
        ):
            await loop.create_connection(
                RecordingProtocol, sock=near, ssl=client_context, server_hostname="", **{name: float("nan")}
            )

    run(loop, main())


def test_server_needs_a_context(loop):
    async def main() -> None:
        with pytest.raises(TypeError, match=r"^ssl argument must be an SSLContext or None$"):
            await loop.create_server(RecordingProtocol, LOOPBACK, 0, ssl=True)
        with (
            connected_sockets() as (near, _),
            pytest.raises(ValueError, match=r"^Server side SSL needs a valid SSLContext$"),
        ):
            await loop.connect_accepted_socket(RecordingProtocol, near, ssl=True)

    run(loop, main())


@pytest.mark.only_ouroloop
def test_writes_of_one_callback_are_one_record(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            for _ in range(100):
                ends.transport.write(b"0123456789")
            await ends.near.receive(1000)
            assert ends.far.calls.count("data_received") == 1

    run(loop, main())


@pytest.mark.only_ouroloop
def test_tasks_write_goes_out_when_nothing_else_is_ready(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context, far=RecordingProtocol) as ends:
            got = loop.create_future()
            ends.far.data_received = lambda data: got.done() or got.set_result(data)
            ends.transport.write(b"hello")
            # No timer but the limit of the test: the loop sleeps unless the bytes arrive.
            assert await got == b"hello"

    run(loop, main())


def test_server_closes_its_clients_with_close_notify(loop, server_context, client_context, implementation):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            await eventually(lambda: "connection_made" in ends.far.calls)
            if not hasattr(ends.server, "close_clients"):
                pytest.skip("the standard library's server cannot close its clients before 3.13")
            ends.server.close()
            ends.server.close_clients()
            assert await ends.near.lost is None
            assert ends.near.calls[-2:] == ["eof_received", "connection_lost"]
            await ends.server.wait_closed()

    run(loop, main())


def test_connections_that_never_shake_hands_disturb_nobody(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            address = ends.server.sockets[0].getsockname()
            with socket.create_connection(address), socket.create_connection(address) as talker:
                talker.sendall(b"GET / HTTP/1.1\r\n\r\n")
                ends.transport.write(b"hello")
                assert await ends.near.receive(5) == b"hello"
                talker.setblocking(False)
                await eventually(lambda: is_over(talker))
            del ends.made[1:]

    run(loop, main())


def is_over(sock: socket.socket) -> bool:
    """Whether the other end has closed."""
    try:
        while data := sock.recv(1000):
            del data
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True
