"""The process under test: echo servers over every kind of socket, subprocesses and timers beside them, on one loop.

    python servers.py FOLDER SECONDS

Prints the addresses as one line of JSON when all are open, and at the end a line with what it counted. Ends when its
standard input is closed, or by itself after SECONDS.
"""

from __future__ import annotations

import json
import random
import signal
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

import ouroloop
from ouroloop import asyncio

CHUNK = 16 * 1024


class Counts:
    """What happened, by name."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.faults: list[str] = []

    def add(self, name: str, number: int = 1) -> None:
        self.numbers[name] = self.numbers.get(name, 0) + number

    def fault(self, text: str) -> None:
        if len(self.faults) < 20:
            self.faults.append(text)


async def echo(reader: Any, writer: Any, counts: Counts) -> None:
    """Sends back what comes until the end of the stream, with back-pressure."""
    counts.add("connections")
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            counts.add("bytes", len(data))
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        # The other end has gone, or TLS ended in the middle.
        counts.add("resets")
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except OSError:
            counts.add("resets at the end")


class DatagramEcho(asyncio.DatagramProtocol):
    def __init__(self, counts: Counts) -> None:
        self.counts = counts

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.counts.add("datagrams")
        self.transport.sendto(data, address)


async def run_programs(counts: Counts) -> None:
    """One subprocess after the other: all that goes in comes out, and the exit status is its own."""
    source = random.Random(1)
    while True:
        data = source.randbytes(source.choice([0, 10, 100_000]))
        status = source.randrange(5)
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            f"cat; exit {status}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate(data)
        if output != data or process.returncode != status:
            counts.fault(
                f"subprocess: {len(output)} of {len(data)} bytes, status {process.returncode} for {status}"
            )
        counts.add("subprocesses")
        await asyncio.sleep(0.05)


async def run_timers(counts: Counts) -> None:
    """Timers made and cancelled: none runs early, none runs that was cancelled."""
    loop = asyncio.get_running_loop()
    source = random.Random(2)

    def due(when: float, handle: list[Any]) -> None:
        counts.add("timers")
        if loop.time() < when - 1e-3:
            counts.fault(f"timer {when - loop.time():.6f} s early")
        if handle[0].cancelled():
            counts.fault("a cancelled timer ran")

    while True:
        for _ in range(100):
            when = loop.time() + source.random() * 0.5
            handle: list[Any] = []
            handle.append(loop.call_at(when, due, when, handle))
            if source.random() < 0.5:
                loop.call_later(source.random() * 0.4, handle[0].cancel)
        await asyncio.sleep(0.05)


async def main(folder: Path, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    counts = Counts()
    loop.set_exception_handler(lambda _, context: counts.fault(repr(context)))
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load_cert_chain(folder / "certificate.pem", folder / "key.pem")

    async def serve(reader: Any, writer: Any) -> None:
        await echo(reader, writer, counts)

    tcp = await asyncio.start_server(serve, "127.0.0.1", 0)
    unix = await asyncio.start_unix_server(serve, str(folder / "socket"))
    tls = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=certificate)
    udp, _ = await loop.create_datagram_endpoint(lambda: DatagramEcho(counts), ("127.0.0.1", 0))
    # A datagram from each client must find room there while the machine has no time for this process: else it is lost.
    udp.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    addresses = {
        "tcp": tcp.sockets[0].getsockname()[1],
        "unix": str(folder / "socket"),
        "tls": tls.sockets[0].getsockname()[1],
        "udp": udp.get_extra_info("sockname")[1],
    }
    print(json.dumps(addresses), flush=True)
    over = loop.create_future()

    def end() -> None:
        if not over.done():
            over.set_result(None)

    loop.add_reader(sys.stdin, end)
    loop.call_later(seconds, end)
    work = [asyncio.create_task(run_programs(counts)), asyncio.create_task(run_timers(counts))]
    await over
    loop.remove_reader(sys.stdin)
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    for server in (tcp, unix, tls):
        server.close()
    udp.close()
    for server in (tcp, unix, tls):
        await asyncio.wait_for(server.wait_closed(), 20)
    print(json.dumps({"counts": counts.numbers, "faults": counts.faults}), flush=True)


if __name__ == "__main__":
    # The one who started it may go first.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    socket.setdefaulttimeout(None)
    ouroloop.run(main(Path(sys.argv[1]), float(sys.argv[2])))
