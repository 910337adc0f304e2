"""The echo servers on the floor: the protocols and coroutines are those of the other programs."""

from __future__ import annotations

import argparse
import asyncio
import socket
from typing import TYPE_CHECKING, Any

from benchmarks.programs import echo_buffered, echo_datagrams, echo_protocol, echo_sockets, echo_streams
from benchmarks.programs.floor import load_floor
from benchmarks.programs.loops import die_in_time
from benchmarks.programs.serving import (
    announce,
    bind_datagrams,
    listen,
    listen_on_name,
    number_of,
    settle_allocator,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Connected = Callable[[Any, int], object]


def _serve_protocol(loop: Any, descriptor: int) -> None:
    loop.transport(descriptor, echo_protocol.Echo())


def _serve_buffered(loop: Any, descriptor: int) -> None:
    loop.transport(descriptor, echo_buffered.Echo())


def _serve_streams(loop: Any, descriptor: int) -> None:
    stream = loop.stream(descriptor)
    loop.create_task(echo_streams.echo(stream, stream))


def _serve_sockets(loop: Any, descriptor: int) -> None:
    loop.create_task(echo_sockets.echo(socket.socket(fileno=descriptor)))


# What is done with a new connection, by the program that does it on a whole loop.
KINDS: dict[str, Connected] = {
    "echo_protocol": _serve_protocol,
    "echo_unix": _serve_protocol,
    "echo_buffered": _serve_buffered,
    "echo_streams": _serve_streams,
    "echo_sockets": _serve_sockets,
}
DATAGRAMS = "echo_datagrams"
SECURE = ("echo_protocol", "echo_streams")  # those that can speak TLS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("extension")
    parser.add_argument("program", choices=[*KINDS, DATAGRAMS])
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    arguments = parser.parse_args()
    if arguments.tls and arguments.program not in SECURE:
        parser.error(f"{arguments.program} cannot speak TLS")
    die_in_time()
    settle_allocator()
    loop = load_floor(arguments.extension).get_running_loop()
    if arguments.tls:
        loop.secure(*arguments.tls)
    asyncio._set_running_loop(loop)
    endpoint = _start(loop, arguments.program)
    announce(number_of(endpoint))
    loop.run_forever()


def _start(loop: Any, program: str) -> socket.socket:
    if program == DATAGRAMS:
        endpoint = bind_datagrams()
        loop.datagrams(endpoint.fileno(), echo_datagrams.Echo())
        return endpoint
    serve = KINDS[program]
    listener = listen_on_name() if program == "echo_unix" else listen()
    loop.serve(listener.fileno(), lambda descriptor: serve(loop, descriptor))
    return listener


if __name__ == "__main__":
    main()
