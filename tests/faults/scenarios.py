"""Small programs over each kind of I/O, written so that nothing can get lost unnoticed.

A scenario takes a loop factory and a report. It runs a loop of its own in this thread, with the other end in another
thread, and notes what arrived and which errors reached it. `is_whole` is set at the end of the straight way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import ssl
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peers import SECONDS_MAX, SOCKET_SECONDS_MAX, Peer, echo_until_end, talk

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from report import Report

    LoopFactory = Callable[[], asyncio.AbstractEventLoop]
    Scenario = Callable[[LoopFactory, Report], None]

DATA = random.Random(7).randbytes(150_000)
ALL: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    ALL[function.__name__] = function
    return function


def run(factory: LoopFactory, report: Report, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs `main` on a new loop; an OSError that leaves it, or the making of the loop, has reached its owner."""
    with report.owning():
        loop = factory()
        loop.set_exception_handler(report.handle)
        try:
            loop.run_until_complete(asyncio.wait_for(main(), SECONDS_MAX))
            report.is_whole = True
        finally:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left, timeout=1))
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()


class Echo(asyncio.Protocol):
    """Sends back what arrives, with the back-pressure that it is told of."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.lost = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost += 1
        if self.lost > 1:
            self.report.problems.append("connection_lost was called again")
        if error is not None:
            self.report.errors.append(error)


class BufferedEcho(Echo, asyncio.BufferedProtocol):
    """The same through a buffer of its own."""

    def get_buffer(self, size_hint: int) -> bytearray:
        self.buffer = bytearray(4096)
        return self.buffer

    def buffer_updated(self, count: int) -> None:
        self.transport.write(memoryview(self.buffer)[:count])


class Speaker(asyncio.Protocol):
    """Writes all of `data`, keeps what comes back, and ends with the other end."""

    def __init__(self, report: Report, data: bytes) -> None:
        self.report = report
        self.data = data
        self.received = bytearray()
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        for start in range(0, len(self.data), 20_000):
            transport.write(self.data[start : start + 20_000])
        try:
            transport.write_eof()
        except OSError as error:
            self.report.errors.append(error)
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self.report.errors.append(error)
        self.over.set_result(None)


@scenario
def empty(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        await asyncio.sleep(0.002)

    run(factory, report, main)


@scenario
def woken_from_threads(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        for value in range(3):
            assert await loop.run_in_executor(None, str, value) == str(value)

    run(factory, report, main)


def serve(factory: LoopFactory, report: Report, protocol: type[Echo]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        received: list[bytes] = []
        with contextlib.ExitStack() as opened:
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
            address = listener.getsockname()
            server = await loop.create_server(lambda: protocol(report), sock=listener)
            opened.pop_all()

        def clients() -> None:
            for _ in range(2):
                with socket.create_connection(address, SOCKET_SECONDS_MAX) as sock:
                    received.append(talk(sock, DATA))
            loop.call_soon_threadsafe(over.set_result, None)

        over = loop.create_future()
        with Peer(clients):
            await over
            server.close()
        for number, answer in enumerate(received):
            report.compare(f"client {number}", DATA, answer)

    run(factory, report, main)


@scenario
def tcp_server(factory: LoopFactory, report: Report) -> None:
    serve(factory, report, Echo)


@scenario
def tcp_server_with_buffers(factory: LoopFactory, report: Report) -> None:
    serve(factory, report, BufferedEcho)


@scenario
def tcp_client(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        speaker = None
        with socket.create_server(("127.0.0.1", 0)) as listener, closing(listener):
            _, speaker = await loop.create_connection(lambda: Speaker(report, DATA), *listener.getsockname())
            await speaker.over
        report.compare("client", DATA, bytes(speaker.received))

    run(factory, report, main)


@contextlib.contextmanager
def closing(listener: socket.socket) -> Any:
    """An echo server on `listener`; shutting that down frees a thread that would wait for a connection."""
    with Peer(lambda: echo_until_end(listener)):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


@scenario
def sock_methods(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        received = bytearray()
        with socket.create_server(("127.0.0.1", 0)) as listener, closing(listener), socket.socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, listener.getsockname())

            async def read() -> None:
                buffer = bytearray(9000)
                while part := await loop.sock_recv(sock, 5000):
                    received.extend(part)
                    if not (count := await loop.sock_recv_into(sock, buffer)):
                        break
                    received.extend(buffer[:count])

            async def write() -> None:
                await loop.sock_sendall(sock, DATA)
                sock.shutdown(socket.SHUT_WR)

            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(read())
                    tasks.create_task(write())
            except ExceptionGroup as group:
                raise group.exceptions[0] from None
        report.compare("client", DATA, bytes(received))

    run(factory, report, main)


@scenario
def unix_server(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        received: list[bytes] = []

        def client() -> None:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(SECONDS_MAX)
                sock.connect(path)
                received.append(talk(sock, DATA))
            loop.call_soon_threadsafe(over.set_result, None)

        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/socket"
            server = await loop.create_unix_server(lambda: Echo(report), path)
            with Peer(client):
                await over
                server.close()
        report.compare("client", DATA, received[0])

    run(factory, report, main)


@scenario
def sock_datagrams(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(type=socket.SOCK_DGRAM) as near, socket.socket(type=socket.SOCK_DGRAM) as far:
            for sock in (near, far):
                sock.setblocking(False)
            far.bind(("127.0.0.1", 0))
            buffer = bytearray(100)
            for number in range(4):
                message = f"message {number}".encode()
                sent = await loop.sock_sendto(near, message, far.getsockname())
                assert sent == len(message)
                if number % 2:
                    received, _ = await loop.sock_recvfrom(far, 100)
                else:
                    count, _ = await loop.sock_recvfrom_into(far, buffer)
                    received = bytes(buffer[:count])
                report.compare(f"message {number}", message, received)

    run(factory, report, main)


class DatagramEnd(asyncio.DatagramProtocol):
    """Keeps what arrives, and sends it back if it is the far end."""

    def __init__(self, report: Report, sends_back: bool) -> None:
        self.report = report
        self.sends_back = sends_back
        self.received: list[bytes] = []
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.received.append(data)
        if self.sends_back:
            self.transport.sendto(data, address)

    def error_received(self, error: OSError) -> None:
        self.report.errors.append(error)

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self.report.errors.append(error)
        self.over.set_result(None)


@scenario
def datagrams(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        far_transport, far = await loop.create_datagram_endpoint(
            lambda: DatagramEnd(report, sends_back=True), local_addr=("127.0.0.1", 0)
        )
        address = (
            far_transport.get_extra_info("sockname") or far_transport.get_extra_info("socket").getsockname()
        )
        try:
            near_transport, near = await loop.create_datagram_endpoint(
                lambda: DatagramEnd(report, sends_back=False), remote_addr=address
            )
            for number in range(3):
                message = f"message {number}".encode()
                near_transport.sendto(message)
                while len(near.received) <= number and not report.errors:
                    await asyncio.sleep(0.001)
                report.compare(f"message {number}", message, b"".join(near.received[number:]))
            near_transport.close()
            await near.over
        finally:
            far_transport.close()
            await far.over

    run(factory, report, main)


class FileSource(Echo):
    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.over = asyncio.get_running_loop().create_future()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.over.set_result(None)


@scenario
def files(factory: LoopFactory, report: Report) -> None:
    received = bytearray()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()

        def read_all() -> None:
            far.settimeout(SECONDS_MAX)
            while part := far.recv(65536):
                received.extend(part)

        with far, near, tempfile.TemporaryFile() as file:
            file.write(DATA)
            file.flush()
            transport, source = await loop.create_connection(lambda: FileSource(report), sock=near)
            with Peer(read_all):
                if not transport.is_closing():
                    with report.owning():
                        await loop.sendfile(transport, file)
                transport.close()
                await source.over
        report.compare("file", DATA, bytes(received))

    run(factory, report, main)


class PipeWriter(asyncio.BaseProtocol):
    """Writes all of `data` to a pipe and closes it."""

    def __init__(self, report: Report, data: bytes) -> None:
        self.report = report
        self.data = data
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        for start in range(0, len(self.data), 30_000):
            transport.write(self.data[start : start + 30_000])
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self.report.errors.append(error)
        self.over.set_result(None)


class PipeReader(PipeWriter, asyncio.Protocol):
    """Keeps what it reads."""

    def connection_made(self, transport: Any) -> None:
        self.received = bytearray()

    def data_received(self, data: bytes) -> None:
        self.received += data


@scenario
def pipes(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as opened:
            reading, writing = os.pipe()
            source = opened.enter_context(open(reading, "rb", buffering=0))
            target = opened.enter_context(open(writing, "wb", buffering=0))
            transport, reader = await loop.connect_read_pipe(lambda: PipeReader(report, b""), source)
            opened.callback(transport.close)
            _, writer = await loop.connect_write_pipe(lambda: PipeWriter(report, DATA), target)
            await writer.over
            await reader.over
            opened.pop_all()
        report.compare("pipe", DATA, bytes(reader.received))

    run(factory, report, main)


@cache
def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's, of a certificate made now."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
        command = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
        )
        where = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
        subprocess.run([*command.split(), *where], check=True, capture_output=True)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate, key)
        return server, ssl.create_default_context(cafile=certificate)


class TlsEcho(Echo):
    """Sends back `expected` bytes and closes, because TLS cannot close one direction."""

    def __init__(self, report: Report, expected: int) -> None:
        super().__init__(report)
        self.left = expected

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.left -= len(data)
        if not self.left:
            self.transport.close()


@scenario
def tls_server(factory: LoopFactory, report: Report) -> None:
    server_context, client_context = tls_contexts()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        received = bytearray()

        def client() -> None:
            try:
                with (
                    socket.create_connection(address, SOCKET_SECONDS_MAX) as plain,
                    client_context.wrap_socket(plain, server_hostname="localhost") as sock,
                ):
                    for start in range(0, len(DATA), 10_000):
                        sock.sendall(DATA[start : start + 10_000])
                        while len(received) < min(len(DATA), start + 10_000) and (part := sock.recv(65536)):
                            received.extend(part)
                    while sock.recv(65536):
                        pass
            except OSError as error:
                # A server's protocol does not hear of a connection whose handshake fails: the client does.
                report.errors.append(error)
            loop.call_soon_threadsafe(over.set_result, None)

        with contextlib.ExitStack() as opened:
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
            address = listener.getsockname()
            server = await loop.create_server(
                lambda: TlsEcho(report, len(DATA)), sock=listener, ssl=server_context
            )
            opened.pop_all()
        with Peer(client):
            await over
            server.close()
        await asyncio.wait_for(server.wait_closed(), SECONDS_MAX)
        report.compare("client", DATA, bytes(received))

    run(factory, report, main)


@scenario
def tls_client(factory: LoopFactory, report: Report) -> None:
    server_context, client_context = tls_contexts()

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve() -> None:
                listener.settimeout(SECONDS_MAX)
                plain, _ = listener.accept()
                plain.settimeout(SECONDS_MAX)
                with plain, server_context.wrap_socket(plain, server_side=True) as sock:
                    sock.sendall(DATA)

            with Peer(serve):
                try:
                    reader, writer = await asyncio.open_connection(
                        *listener.getsockname(), ssl=client_context, server_hostname="localhost"
                    )
                    try:
                        report.compare("client", DATA, await reader.read(-1))
                    finally:
                        writer.close()
                        await writer.wait_closed()
                finally:
                    with contextlib.suppress(OSError):
                        listener.shutdown(socket.SHUT_RDWR)

    run(factory, report, main)


@scenario
def subprocesses(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", "cat; exit 7", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )

        async def write() -> None:
            # Not by communicate(), which takes a program that does not read for no error.
            try:
                process.stdin.write(DATA)
                await process.stdin.drain()
            except OSError as error:
                report.errors.append(error)
            process.stdin.close()

        try:
            output, _ = await asyncio.gather(process.stdout.read(), write())
            report.compare("output", DATA, output)
        finally:
            if process.returncode is None:
                process.kill()
            status = await process.wait()
        if status != 7 and not report.missing:
            report.problems.append(f"exit status {status}")

    run(factory, report, main)


@scenario
def signalled_process(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        # What runs in the child makes `subprocess` fork, which can be made to fail: vfork returns twice into one frame.
        process = await asyncio.create_subprocess_exec("/bin/sleep", "100", preexec_fn=os.getpid)
        try:
            process.terminate()
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if status != -15:
            report.problems.append(f"exit status {status}")

    run(factory, report, main)


@scenario
def process_that_others_reap(factory: LoopFactory, report: Report) -> None:
    """What nobody can tell any more is 255."""

    async def main() -> None:
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                "/bin/sh", "-c", "read line; exit 7", stdin=reading
            )
            # Its input ends, and so does it, before the loop has another turn.
        finally:
            os.close(reading)
            os.close(writing)
        os.waitpid(process.pid, 0)
        status = await process.wait()
        if status not in (7, 255):
            report.problems.append(f"exit status {status}")

    run(factory, report, main)


@scenario
def both_ways_of_one_socket(factory: LoopFactory, report: Report) -> None:
    """Two pipe transports of the same descriptor, of which the second has a copy."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as opened:
            near, far = socket.socketpair()
            opened.enter_context(far)
            opened.enter_context(near)
            reading, reader = await loop.connect_read_pipe(lambda: PipeReader(report, b""), near)
            opened.callback(reading.close)
            target = opened.enter_context(open(near.fileno(), "wb", buffering=0, closefd=False))

            def echo() -> None:
                far.settimeout(SECONDS_MAX)
                count = 0
                while count < len(DATA) and (part := far.recv(65536)):
                    count += len(part)
                    far.sendall(part)
                far.shutdown(socket.SHUT_WR)

            with Peer(echo):
                try:
                    _, writer = await loop.connect_write_pipe(lambda: PipeWriter(report, DATA), target)
                    await writer.over
                    if report.errors:
                        raise report.errors.pop()
                except BaseException:
                    reading.close()
                    with contextlib.suppress(OSError):
                        near.shutdown(socket.SHUT_RDWR)
                    raise
                await reader.over
            opened.pop_all()
            far.close()
        report.compare("socket", DATA, bytes(reader.received))

    run(factory, report, main)
