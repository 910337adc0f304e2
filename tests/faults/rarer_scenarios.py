"""More scenarios, of the rarer kinds of I/O: names, terminals, signals, full receivers, TLS from the middle."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import tempfile
import threading
import tty
from typing import TYPE_CHECKING, Any

from peers import SECONDS_MAX, SOCKET_SECONDS_MAX, Peer, talk
from scenarios import DATA, DatagramEnd, PipeReader, PipeWriter, closing, run, scenario, tls_contexts

import ouroloop.asyncio as ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from report import Report
    from scenarios import LoopFactory

TERMINAL_DATA = DATA[:20_000]
DATAGRAM_COUNT = 60
ATTEMPTS_MAX = 10


async def exchange(report: Report, reader: Any, writer: Any) -> None:
    """Writes all of DATA through a stream, and reads it back until the end."""

    async def write() -> None:
        try:
            for start in range(0, len(DATA), 20_000):
                writer.write(DATA[start : start + 20_000])
                await writer.drain()
            writer.write_eof()
        except OSError as error:
            report.errors.append(error)
            writer.transport.abort()

    writing = asyncio.ensure_future(write())
    try:
        report.compare("client", DATA, await reader.read(-1))
        await writing
    finally:
        writing.cancel()
        writer.close()
        await asyncio.wait([writing])


@scenario
def names(factory: LoopFactory, report: Report) -> None:
    """The connection is made by name, from an address of its own, by attempts that may overlap."""

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener, closing(listener):
            reader, writer = await asyncio.open_connection(
                "localhost",
                listener.getsockname()[1],
                family=socket.AF_INET,
                local_addr=("127.0.0.1", 0),
                happy_eyeballs_delay=0.05,
            )
            await exchange(report, reader, writer)

    run(factory, report, main)


@scenario
def unix_client(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{folder}/socket")
            listener.listen()
            with closing(listener):
                try:
                    reader, writer = await asyncio.open_unix_connection(f"{folder}/socket")
                except OSError:
                    # The other end waits for a connection, from which shutting down frees no Unix socket.
                    with socket.socket(socket.AF_UNIX) as instead:
                        instead.connect(f"{folder}/socket")
                    raise
                await exchange(report, reader, writer)

    run(factory, report, main)


@scenario
def streams_of_ours(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        received = bytearray()

        async def echo(reader: Any, writer: Any) -> None:
            try:
                while part := await reader.read(30_000):
                    writer.write(part)
                    await writer.drain()
            except OSError as error:
                report.errors.append(error)
            finally:
                writer.close()
            with report.owning():
                # The last bytes may fail after `drain`, which waits for room only.
                await writer.wait_closed()

        def client() -> None:
            with socket.create_connection(address, SOCKET_SECONDS_MAX) as sock:
                received.extend(talk(sock, DATA))
            loop.call_soon_threadsafe(over.set_result, None)

        with contextlib.ExitStack() as opened:
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
            address = listener.getsockname()
            server = await ours.start_server(echo, sock=listener)
            opened.pop_all()
        with Peer(client):
            await over
            server.close()
        report.compare("client", DATA, bytes(received))

    run(factory, report, main)


@scenario
def files_by_hand(factory: LoopFactory, report: Report) -> None:
    """A connection that is accepted by hand gets a file."""
    received = bytearray()

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def client() -> None:
            with socket.create_connection(address, SOCKET_SECONDS_MAX) as sock:
                while part := sock.recv(65536):
                    received.extend(part)

        with tempfile.TemporaryFile() as file:
            file.write(DATA)
            file.flush()
            listener = socket.create_server(("127.0.0.1", 0))
            listener.setblocking(False)
            address = listener.getsockname()
            with Peer(client), listener:
                accepted, _ = await loop.sock_accept(listener)
                with accepted:
                    await loop.sock_sendfile(accepted, file)
        report.compare("file", DATA, bytes(received))

    run(factory, report, main)


@scenario
def full_receiver(factory: LoopFactory, report: Report) -> None:
    """More datagrams than a Unix socket holds: each arrives once and in order, or its sender hears why not."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        sent = [f"message {number:03}".encode() for number in range(DATAGRAM_COUNT)]
        received: list[bytes] = []

        def read_all() -> None:
            far.settimeout(SECONDS_MAX)
            while (message := far.recv(100)) != b"end":
                received.append(message)

        with (
            tempfile.TemporaryDirectory() as folder,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as far,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last,
        ):
            path = f"{folder}/far"
            far.bind(path)
            transport, near = await loop.create_datagram_endpoint(
                lambda: DatagramEnd(report, sends_back=False),
                local_addr=f"{folder}/near",
                family=socket.AF_UNIX,
            )
            for message in sent:
                transport.sendto(message, path)
            with Peer(read_all):
                try:
                    transport.close()
                    await near.over
                finally:
                    last.settimeout(SECONDS_MAX)
                    # The failure may be this call's: how many came before depends on how fast the receiver was.
                    for _ in range(ATTEMPTS_MAX):
                        with contextlib.suppress(OSError):
                            last.sendto(b"end", path)
                            break
        if received != sorted(set(received)):
            report.problems.append(f"doubled or out of order: {received}")
        for message in sent:
            report.compare(message.decode(), message, message if message in received else b"")

    run(factory, report, main)


@scenario
def signal_handlers(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        heard: asyncio.Queue[int] = asyncio.Queue()
        loop.add_signal_handler(signal.SIGUSR1, heard.put_nowait, 1)
        loop.add_signal_handler(signal.SIGUSR2, heard.put_nowait, 2)
        try:
            for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR1):
                os.kill(os.getpid(), number)
                await heard.get()
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)
            loop.remove_signal_handler(signal.SIGUSR2)

    run(factory, report, main)


class TerminalReader(PipeReader):
    """Closes once it has what it expects: a terminal has no end of the stream."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self.received) >= len(TERMINAL_DATA):
            self.transport.close()

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.transport = transport


class TerminalWriter(PipeWriter):
    """Closes when it is told to, because its file is the reader's too."""

    def connection_made(self, transport: Any) -> None:
        for start in range(0, len(self.data), 3_000):
            transport.write(self.data[start : start + 3_000])


@scenario
def terminals(factory: LoopFactory, report: Report) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        stopped = threading.Event()
        near, far = os.openpty()
        tty.setraw(far)

        def echo() -> None:
            left = len(TERMINAL_DATA)
            while left and not stopped.is_set():
                if select.select([far], [], [], 0.02)[0]:
                    part = os.read(far, 1_000)
                    left -= os.write(far, part)

        with contextlib.ExitStack() as opened:
            opened.callback(os.close, far)
            source = opened.enter_context(open(near, "rb", buffering=0))
            target = opened.enter_context(open(near, "wb", buffering=0, closefd=False))
            with Peer(echo):
                try:
                    reading, reader = await loop.connect_read_pipe(
                        lambda: TerminalReader(report, b""), source
                    )
                    opened.callback(reading.close)
                    writing, writer = await loop.connect_write_pipe(
                        lambda: TerminalWriter(report, TERMINAL_DATA), target
                    )
                    opened.callback(writing.abort)
                    await asyncio.wait([reader.over, writer.over], return_when=asyncio.FIRST_COMPLETED)
                    writing.abort()
                    reading.close()
                    await reader.over
                    await writer.over
                finally:
                    stopped.set()
        report.compare("terminal", TERMINAL_DATA, bytes(reader.received))

    run(factory, report, main)


def with_tls_server(report: Report, serve: Callable[[socket.socket], None]) -> Any:
    """A listener and, in a thread, `serve` on the connection that it accepts."""

    @contextlib.contextmanager
    def served() -> Any:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def accept() -> None:
                listener.settimeout(SECONDS_MAX)
                plain, _ = listener.accept()
                plain.settimeout(SECONDS_MAX)
                with plain:
                    serve(plain)

            with Peer(accept):
                try:
                    yield listener.getsockname()
                finally:
                    with contextlib.suppress(OSError):
                        listener.shutdown(socket.SHUT_RDWR)

    return served()


@scenario
def tls_from_the_middle(factory: LoopFactory, report: Report) -> None:
    server_context, client_context = tls_contexts()

    def serve(plain: socket.socket) -> None:
        plain.sendall(b"ready\n")
        if plain.recv(len(b"start\n")) != b"start\n":
            return
        with server_context.wrap_socket(plain, server_side=True) as sock:
            sock.sendall(DATA)

    async def main() -> None:
        with with_tls_server(report, serve) as address:
            reader, writer = await asyncio.open_connection(*address)
            try:
                await reader.readline()
                writer.write(b"start\n")
                await writer.start_tls(client_context, server_hostname="localhost")
                report.compare("client", DATA, await reader.read(-1))
            finally:
                writer.close()
                await writer.wait_closed()

    run(factory, report, main)


@scenario
def file_over_tls(factory: LoopFactory, report: Report) -> None:
    server_context, client_context = tls_contexts()
    received = bytearray()

    def serve(plain: socket.socket) -> None:
        with server_context.wrap_socket(plain, server_side=True) as sock:
            while part := sock.recv(65536):
                received.extend(part)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with with_tls_server(report, serve) as address, tempfile.TemporaryFile() as file:
            file.write(DATA)
            file.flush()
            _, writer = await asyncio.open_connection(
                *address, ssl=client_context, server_hostname="localhost"
            )
            try:
                if not writer.transport.is_closing():
                    with report.owning():
                        await loop.sendfile(writer.transport, file)
            finally:
                writer.close()
                await writer.wait_closed()
        report.compare("file", DATA, bytes(received))

    run(factory, report, main)
