"""An echo server on a Unix socket, as a protocol."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from benchmarks.programs.echo_protocol import Echo
from benchmarks.programs.serving import BACKLOG, listen_on_name, serve

if TYPE_CHECKING:
    import socket


async def start(listener: socket.socket) -> asyncio.Server:
    return await asyncio.get_running_loop().create_unix_server(Echo, sock=listener, backlog=BACKLOG)


if __name__ == "__main__":
    serve(start, listen_on_name)
