"""Connections and servers as streams: by address, and on Unix sockets.

What a loop makes with its `create_…` functions gets a reader and a writer here, on a loop of any make.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ouroloop.stream.reader import StreamReader
from ouroloop.stream.reader_protocol import StreamReaderProtocol
from ouroloop.stream.writer import StreamWriter
from ouroloop.task.task import TaskCore

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[StreamReader, StreamWriter], Any]

DEFAULT_LIMIT = 1 << 16  # bytes


async def open_connection(
    host: Any = None, port: Any = None, *, limit: int = DEFAULT_LIMIT, **kwds: Any
) -> tuple[StreamReader, StreamWriter]:
    """Connects, and returns a reader and a writer; `asyncio.open_connection`.

    limit: the reader's, in bytes. The other arguments are those of `loop.create_connection`.
    """
    loop, reader, protocol = _client(limit)
    transport, _ = await loop.create_connection(lambda: protocol, host, port, **kwds)
    return reader, StreamWriter(transport, protocol, reader, loop)


async def start_server(
    client_connected_cb: Handler,
    host: Any = None,
    port: Any = None,
    *,
    limit: int = DEFAULT_LIMIT,
    **kwds: Any,
) -> asyncio.Server:
    """Starts a server that calls back with a reader and a writer for each connection; `asyncio.start_server`.

    client_connected_cb: a plain or a coroutine function, which runs as a task. limit: the readers', in bytes. The
    other arguments are those of `loop.create_server`.
    """
    loop = asyncio.get_running_loop()

    def make_protocol() -> StreamReaderProtocol:
        return StreamReaderProtocol(StreamReader(limit=limit, loop=loop), client_connected_cb, loop=loop)

    return await loop.create_server(make_protocol, host, port, **kwds)


async def open_unix_connection(
    path: Any = None, *, limit: int = DEFAULT_LIMIT, **kwds: Any
) -> tuple[StreamReader, StreamWriter]:
    """As `open_connection`, on a Unix socket; `asyncio.open_unix_connection`."""
    loop, reader, protocol = _client(limit)
    transport, _ = await loop.create_unix_connection(lambda: protocol, path, **kwds)
    return reader, StreamWriter(transport, protocol, reader, loop)


async def start_unix_server(
    client_connected_cb: Handler, path: Any = None, *, limit: int = DEFAULT_LIMIT, **kwds: Any
) -> asyncio.AbstractServer:
    """As `start_server`, on a Unix socket; `asyncio.start_unix_server`."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, TaskCore):
        # As in Python 3.13 and newer, also on a loop of ours that follows an older one.
        kwds.setdefault("cleanup_socket", True)

    def make_protocol() -> StreamReaderProtocol:
        return StreamReaderProtocol(StreamReader(limit=limit, loop=loop), client_connected_cb, loop=loop)

    return await loop.create_unix_server(make_protocol, path, **kwds)


def _client(limit: int) -> tuple[asyncio.AbstractEventLoop, StreamReader, StreamReaderProtocol]:
    loop = asyncio.get_running_loop()
    reader = StreamReader(limit=limit, loop=loop)
    return loop, reader, StreamReaderProtocol(reader, loop=loop)
