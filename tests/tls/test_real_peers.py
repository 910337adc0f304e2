"""TLS with what others wrote: openssl's client and server, curl, nginx; large transfers with checksums."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import select
import socket
import ssl
import struct
import subprocess
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from .peers import LOOPBACK
from .real_peers import (
    MEBIBYTE,
    SECONDS_MAX,
    TRANSFER_BYTES,
    background,
    digest_of,
    large_file,
    nginx,
    openssl_server,
    program,
    run_program,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

__all__ = ["large_file"]  # a fixture

pytestmark = [pytest.mark.only_ouroloop, pytest.mark.timeout(2 * SECONDS_MAX)]

VERSIONS = {"tls1.2": ssl.TLSVersion.TLSv1_2, "tls1.3": ssl.TLSVersion.TLSv1_3}
OPENSSL_OPTIONS = {"tls1.2": "-tls1_2", "tls1.3": "-tls1_3"}
CURL_OPTIONS = {"tls1.2": ("--tlsv1.2", "--tls-max", "1.2"), "tls1.3": ("--tlsv1.3", "--tls-max", "1.3")}
# OpenSSL 3's SSL_OP_ALLOW_CLIENT_RENEGOTIATION, which Python has no name for; before, it was always allowed.
ALLOW_CLIENT_RENEGOTIATION = 1 << 8
NGINX_NAMES = {"tls1.2": "TLSv1.2", "tls1.3": "TLSv1.3"}


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return request.param  # type: ignore[no-any-return]


def run(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, Any]) -> None:
    loop.run_until_complete(asyncio.wait_for(main, SECONDS_MAX))


async def serving(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any],
    context: ssl.SSLContext,
    client: Callable[[int], Any],
) -> Any:
    """What `client(port)` returns, which runs on a thread while the loop serves."""
    server = await asyncio.start_server(handle, LOOPBACK, 0, ssl=context)
    try:
        port = server.sockets[0].getsockname()[1]
        return await asyncio.get_running_loop().run_in_executor(None, client, port)
    finally:
        server.close()
        await server.wait_closed()


async def send_pattern(writer: asyncio.StreamWriter, size: int) -> None:
    for _ in range(size >> 20):
        writer.write(MEBIBYTE)
        await writer.drain()


async def digest_rest(reader: asyncio.StreamReader, size: int | None = None) -> str:
    """The digest of the next `size` bytes, or of all that comes."""
    digest = hashlib.sha256()
    while size is None or size > 0:
        data = await reader.read(1 << 18 if size is None else min(1 << 18, size))
        if not data:
            break
        digest.update(data)
        if size is not None:
            size -= len(data)
    return digest.hexdigest()


async def finish(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


async def serve_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers GET with the pattern, PUT with the digest of what came."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = head.split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
    }
    if headers.get("expect"):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if lines[0].startswith("PUT"):
        body = (await digest_rest(reader, int(headers["content-length"]))).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
    else:
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % TRANSFER_BYTES)
        await send_pattern(writer, TRANSFER_BYTES)
    await finish(writer)


# openssl s_client


def client_of(certificate: Any, version: str, port: int) -> list[Any]:
    return [
        *(program("openssl"), "s_client", "-connect", f"{LOOPBACK}:{port}", "-servername", "localhost"),
        *("-CAfile", certificate.authority, "-verify_return_error", "-verify_hostname", "localhost"),
        *("-quiet", "-nocommands", OPENSSL_OPTIONS[version]),
    ]


def test_openssl_client_sends_a_large_file(loop, certificate, version, large_file):
    received = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert writer.get_extra_info("ssl_object").version() == VERSIONS[version].name.replace("_", ".")
        received.append(await digest_rest(reader))
        await finish(writer)

    def client(port: int) -> None:
        with large_file.open("rb") as file:
            run_program(*client_of(certificate, version, port), "-no_ign_eof", stdin=file)

    run(loop, serving(handle, certificate.server_context(), client))
    assert received == [digest_of(TRANSFER_BYTES)]


def test_openssl_client_receives_a_large_file(loop, certificate, version, tmp_path):
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await send_pattern(writer, TRANSFER_BYTES)
        await finish(writer)

    def client(port: int) -> str:
        with (tmp_path / "out").open("w+b") as file:
            run_program(*client_of(certificate, version, port), stdout=file)
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()

    async def main() -> None:
        digest = await serving(handle, certificate.server_context(), client)
        assert digest == digest_of(TRANSFER_BYTES)

    run(loop, main())


# openssl s_server


def test_openssl_server_answers_line_by_line(loop, certificate, version):
    async def main(port: int) -> None:
        reader, writer = await asyncio.open_connection(
            LOOPBACK, port, ssl=certificate.client_context(), server_hostname="localhost"
        )
        for text in (b"hello", b"x" * 10_000):
            writer.write(text + b"\n")
            assert await reader.readline() == text[::-1] + b"\n"
        await finish(writer)

    with openssl_server(certificate, OPENSSL_OPTIONS[version], "-rev") as (port, _):
        run(loop, main(port))


def test_openssl_server_receives_a_large_file(loop, certificate, version):
    begin, end = b"<<<begin>>>", b"<<<end>>>"

    def digest_output(process: Any) -> str:
        """The digest of what stands between the marks."""
        digest, tail = hashlib.sha256(), b""
        while begin not in tail:
            tail += process.stdout.read1(65536)
        tail = tail.partition(begin)[2]
        while end not in tail:
            digest.update(tail[: -len(end)])
            tail = tail[-len(end) :] + process.stdout.read1(65536)
        digest.update(tail.partition(end)[0])
        return digest.hexdigest()

    async def main(port: int, process: Any) -> None:
        digest = loop.run_in_executor(None, digest_output, process)
        _, writer = await asyncio.open_connection(
            LOOPBACK, port, ssl=certificate.client_context(), server_hostname="localhost"
        )
        writer.write(begin)
        await send_pattern(writer, TRANSFER_BYTES)
        writer.write(end)
        await writer.drain()
        assert await digest == digest_of(TRANSFER_BYTES)
        await finish(writer)

    with openssl_server(certificate, OPENSSL_OPTIONS[version]) as (port, process):
        run(loop, main(port, process))


def test_openssl_server_that_wants_a_certificate(loop, certificate, client_certificate, version):
    async def main(port: int) -> None:
        context = certificate.client_context()
        context.load_cert_chain(client_certificate.certificate, client_certificate.key)
        reader, writer = await asyncio.open_connection(
            LOOPBACK, port, ssl=context, server_hostname="localhost"
        )
        writer.write(b"hello\n")
        assert await reader.readline() == b"olleh\n"
        await finish(writer)

    options = ("-Verify", "1", "-verify_return_error", "-CAfile", certificate.authority, "-rev")
    with openssl_server(certificate, OPENSSL_OPTIONS[version], *options) as (port, _):
        run(loop, main(port))


def test_openssl_server_is_visited_again_with_new_keys(loop, certificate):
    """The server changes its keys in the middle: "k" on its standard input asks for it."""

    async def main(port: int, process: Any) -> None:
        reader, writer = await asyncio.open_connection(
            LOOPBACK, port, ssl=certificate.client_context(), server_hostname="localhost"
        )
        for command in (b"k\n", b"K\n"):
            process.stdin.write(command)
            process.stdin.flush()
            await asyncio.sleep(0.1)
            writer.write(b"after " + command)
            process.stdin.write(b"said\n")
            process.stdin.flush()
            assert await reader.readline() == b"said\n"
        await finish(writer)

    with openssl_server(certificate, "-tls1_3") as (port, process):
        run(loop, main(port, process))


@pytest.mark.parametrize("command", [b"r\n", b"R\n"], ids=["again", "with a certificate"])
def test_openssl_server_renegotiates(loop, certificate, client_certificate, command):
    """TLS 1.2: the server asks for another handshake in the middle, and in the second case for our certificate."""

    async def main(port: int, process: Any) -> None:
        async def printed(text: bytes) -> None:
            while text not in (line := await loop.run_in_executor(None, process.stdout.readline)):
                assert line, "the server has ended"

        def say(line: bytes) -> None:
            process.stdin.write(line)
            process.stdin.flush()

        context = certificate.client_context()
        context.load_cert_chain(client_certificate.certificate, client_certificate.key)
        reader, writer = await asyncio.open_connection(
            LOOPBACK, port, ssl=context, server_hostname="localhost"
        )
        for number in range(3):
            say(b"before %d\n" % number)
            assert await reader.readline() == b"before %d\n" % number
            say(command)
            # It waits for the second part of ours.
            await printed(b"Read BLOCK")
            writer.write(b"from us %d\n" % number)
            await printed(b"from us %d" % number)
            say(b"after %d\n" % number)
            assert await reader.readline() == b"after %d\n" % number
        await finish(writer)

    with openssl_server(certificate, "-tls1_2") as (port, process):
        run(loop, main(port, process))


@pytest.mark.parametrize("is_allowed", [True, False], ids=["allowed", "refused"])
def test_openssl_client_renegotiates(loop, certificate, is_allowed):
    """TLS 1.2: a client may ask for another handshake where the context lets it; else OpenSSL says no."""
    lines: list[bytes] = []
    ends: list[BaseException | None] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                lines.append(line)
                writer.write(b"heard " + line)
            ends.append(None)
        except (ssl.SSLError, ConnectionError) as error:
            ends.append(error)
        writer.close()

    def client(port: int) -> None:
        options = [
            word for word in client_of(certificate, "tls1.2", port) if word not in ("-quiet", "-nocommands")
        ]
        with background(
            *options,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:

            def say(line: bytes, answer: bytes) -> None:
                process.stdin.write(line)
                process.stdin.flush()
                assert any(each == answer for each in process.stdout)

            say(b"before\n", b"heard before\n")
            # A command stands alone in what it reads at once.
            say(b"R\n", b"RENEGOTIATING\n")
            if is_allowed:
                say(b"after\n", b"heard after\n")
                process.stdin.write(b"Q\n")
                process.stdin.flush()
            process.wait(SECONDS_MAX)

    context = certificate.server_context()
    if is_allowed:
        context.options |= ALLOW_CLIENT_RENEGOTIATION
    run(loop, serving(handle, context, client))
    assert lines == ([b"before\n", b"after\n"] if is_allowed else [b"before\n"])
    assert len(ends) == 1


# curl


def curl(certificate: Any, version: str, port: int, *options: Any) -> bytes:
    return run_program(
        *(program("curl"), "--silent", "--show-error", "--fail", "--cacert", certificate.authority),
        *("--resolve", f"localhost:{port}:{LOOPBACK}", *CURL_OPTIONS[version]),
        *(*options, f"https://localhost:{port}/file"),
    ).stdout


def test_curl_receives_a_large_file(loop, certificate, version, tmp_path):
    def client(port: int) -> str:
        curl(certificate, version, port, "--output", tmp_path / "out")
        with (tmp_path / "out").open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    async def main() -> None:
        digest = await serving(serve_http, certificate.server_context(), client)
        assert digest == digest_of(TRANSFER_BYTES)

    run(loop, main())


def test_curl_sends_a_large_file(loop, certificate, version, large_file):
    def client(port: int) -> bytes:
        return curl(certificate, version, port, "--http1.1", "--upload-file", large_file)

    async def main() -> None:
        digest = await serving(serve_http, certificate.server_context(), client)
        assert digest.decode() == digest_of(TRANSFER_BYTES)

    run(loop, main())


# nginx


def test_nginx_sends_and_receives_a_large_file(loop, certificate, version, tmp_path, large_file):
    async def request(port: int, head: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(
            LOOPBACK, port, ssl=certificate.client_context(), server_hostname="localhost"
        )
        assert writer.get_extra_info("ssl_object").version() == NGINX_NAMES[version]
        writer.write(head + b"host: localhost\r\nconnection: close\r\n\r\n")
        return reader, writer

    async def main(port: int) -> None:
        reader, writer = await request(port, b"GET /large HTTP/1.1\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert await digest_rest(reader, TRANSFER_BYTES) == digest_of(TRANSFER_BYTES)
        assert await reader.read() == b""
        await finish(writer)
        reader, writer = await request(port, b"PUT /put HTTP/1.1\r\ncontent-length: %d\r\n" % TRANSFER_BYTES)
        await send_pattern(writer, TRANSFER_BYTES)
        assert (await reader.read()).startswith(b"HTTP/1.1 201 ")
        await finish(writer)

    (tmp_path / "large").symlink_to(large_file)
    directives = (
        f"listen %PORT% ssl; root {tmp_path}; dav_methods PUT; ssl_protocols {NGINX_NAMES[version]};"
        f"ssl_certificate {certificate.certificate}; ssl_certificate_key {certificate.key};"
    )
    with nginx(tmp_path, directives) as port:
        run(loop, main(port))
    with (tmp_path / "put").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == digest_of(TRANSFER_BYTES)


def test_nginx_fetches_from_us_and_sends_to_us(loop, certificate, version, tmp_path: Path):
    async def ask(port: int) -> None:
        for head, body in (
            (b"GET / HTTP/1.0\r\n\r\n", b""),
            (b"PUT / HTTP/1.0\r\ncontent-length: %d\r\n\r\n" % len(MEBIBYTE), MEBIBYTE),
        ):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(head + body)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            if body:
                assert await reader.read() == hashlib.sha256(body).hexdigest().encode()
            else:
                assert await digest_rest(reader) == digest_of(TRANSFER_BYTES)
            await finish(writer)

    async def main() -> None:
        server = await asyncio.start_server(serve_http, LOOPBACK, 0, ssl=certificate.server_context())
        upstream = server.sockets[0].getsockname()[1]
        directives = (
            f"listen %PORT%; location / {{ proxy_pass https://{LOOPBACK}:{upstream}; proxy_ssl_verify on;"
            f"proxy_http_version 1.1; proxy_buffering off; proxy_ssl_name localhost;"
            f"proxy_ssl_server_name on; proxy_ssl_protocols {NGINX_NAMES[version]};"
            f"proxy_ssl_trusted_certificate {certificate.authority}; }}"
        )
        async with server:
            with nginx(tmp_path, directives) as port:
                await ask(port)

    run(loop, main())


# Connections that break off in the middle of a handshake


class Cut(NamedTuple):
    """Where a connection breaks off: after so many bytes from one end, with the end of the stream or a reset."""

    is_clients: bool
    count: int
    resets: bool


def relay(listener: socket.socket, port: int, cut: Cut) -> None:
    """Carries one connection to `port`, until it is cut off or either end has ended it."""
    near, _ = listener.accept()
    with near, socket.create_connection((LOOPBACK, port)) as far:
        left = cut.count
        others = {near: far, far: near}
        while True:
            for sock in select.select([near, far], [], [], SECONDS_MAX)[0]:
                is_counted = (sock is near) == cut.is_clients
                try:
                    data = sock.recv(min(4096, left) if is_counted else 4096)
                    others[sock].sendall(data)
                except OSError:
                    return
                left -= len(data) if is_counted else 0
                if not data or left == 0:
                    for end in (near, far) if cut.resets else ():
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return


@contextlib.contextmanager
def relaying(port: int, cut: Cut) -> Iterator[int]:
    """The port of a relay for one connection, which is over when the block is."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        thread = threading.Thread(target=relay, args=(listener, port, cut), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(SECONDS_MAX)
        assert not thread.is_alive()


# In the first header, in each flight and record, and after the handshake, which is some 600 bytes long on either side.
CUTS = [
    Cut(is_clients, count, resets)
    for is_clients in (True, False)
    for count in (1, 3, 5, 6, 60, 130, 200, 260, 300, 350, 400, 500, 517, 520, 560, 600, 800, 1100)
    for resets in (False, True)
]


def test_handshake_with_an_openssl_server_breaks_off_anywhere(loop, certificate, version):
    async def connect(port: int) -> Any:
        return await asyncio.open_connection(
            LOOPBACK, port, ssl=certificate.client_context(), server_hostname="localhost"
        )

    async def main(port: int) -> None:
        refused = 0
        for cut in CUTS:
            with relaying(port, cut) as cut_port:
                try:
                    reader, writer = await connect(cut_port)
                except (ssl.SSLError, ConnectionError):
                    refused += 1
                    continue
                # It breaks off later: when this has gone there and back.
                line = bytes(range(97, 123)) * 100
                writer.write(line + b"\n")
                with contextlib.suppress(ssl.SSLError, ConnectionError):
                    assert line[::-1].startswith(await reader.read())
                writer.close()
                with contextlib.suppress(ssl.SSLError, ConnectionError):
                    await writer.wait_closed()
        assert refused > len(CUTS) // 2
        reader, writer = await connect(port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"olleh\n"
        await finish(writer)

    with openssl_server(certificate, OPENSSL_OPTIONS[version], "-rev") as (port, _):
        run(loop, main(port))


def test_handshake_with_an_openssl_client_breaks_off_anywhere(loop, certificate, version):
    connected = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            if line := await reader.readline():
                writer.write(line[::-1])
        writer.close()

    def clients(port: int) -> bytes:
        for cut in CUTS:
            with relaying(port, cut) as cut_port:
                subprocess.run(
                    [str(word) for word in client_of(certificate, version, cut_port)],
                    input=b"hello\n",
                    capture_output=True,
                    timeout=SECONDS_MAX,
                    check=False,
                )
        whole = run_program(*client_of(certificate, version, port), input=b"hello\n")
        return whole.stdout

    async def main() -> None:
        assert b"olleh" in await serving(handle, certificate.server_context(), clients)

    run(loop, main())
    assert connected
