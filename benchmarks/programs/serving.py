"""What the echo servers share: a listening socket, the announcement of its port, and control from standard
input.

Only a server that is started with ``--control`` has a second thread. It sleeps in a read, and for each line
it collects garbage and answers, so that memory can be read when nothing but live objects is left.
"""

from __future__ import annotations

import argparse
import gc
import os
import socket
import ssl
import sys
import threading
from typing import TYPE_CHECKING

from benchmarks.programs.loops import add_loop, run_on
from benchmarks.programs.namespace import asyncio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BACKLOG = 4096
RECEIVE_BYTES = 256 * 1024
SETTLING_BYTES = 4 * RECEIVE_BYTES


def listen() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def listen_on_name() -> socket.socket:
    """A Unix socket with an abstract name, which is made of the number of this process."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"\0benchmark-{os.getpid()}")
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def bind_datagrams() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


def number_of(listener: socket.socket) -> int:
    """What the load generator must know of a listener to reach it."""
    return os.getpid() if listener.family == socket.AF_UNIX else int(listener.getsockname()[1])


def settle_allocator() -> None:
    """Frees one large block, as every program of some size has done after its first second.

    glibc takes blocks above a threshold from the kernel and gives each back; the threshold rises once such a
    block is freed. A loop that makes room for 256 KiB a read spends 20 microseconds on that, each time, in a
    program so small that it never freed one: an accident of the program, not a property of the loop.
    """
    block = bytearray(SETTLING_BYTES)
    del block


def _answer_control() -> None:
    for _ in sys.stdin:
        gc.collect()
        print("collected", flush=True)
    os._exit(0)


def announce(port: int) -> None:
    print("port", port, flush=True)


def server_context() -> ssl.SSLContext | None:
    """What ``--tls CERTIFICATE KEY`` on the command line asks for."""
    if "--tls" not in sys.argv:
        return None
    place = sys.argv.index("--tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[place + 1], sys.argv[place + 2])
    return context


def serve(
    start: Callable[[socket.socket], Awaitable[object]], listen: Callable[[], socket.socket] = listen
) -> None:
    """Serves for ever with the loop that the command line names.

    Args:
        start: begins to serve on the listening socket; what it returns is kept alive.
        listen: makes that socket.
    """
    parser = argparse.ArgumentParser()
    add_loop(parser)
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    arguments = parser.parse_args()

    settle_allocator()

    async def main() -> None:
        listener = listen()
        # A loop may take the socket over, and then it is no longer here to ask.
        port = number_of(listener)
        server = await start(listener)
        announce(port)
        if arguments.control:
            threading.Thread(target=_answer_control, daemon=True).start()
        await asyncio.Event().wait()
        del server

    run_on(arguments.loop, main)
