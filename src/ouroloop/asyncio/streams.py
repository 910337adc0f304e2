"""`asyncio.streams`: reading from and writing to connections."""

from __future__ import annotations

from asyncio.streams import (
    FlowControlMixin as FlowControlMixin,
)
from asyncio.streams import (
    StreamReader,
    StreamReaderProtocol,
    StreamWriter,
    open_connection,
    open_unix_connection,
    start_server,
    start_unix_server,
)

__all__ = [
    "StreamReader",
    "StreamReaderProtocol",
    "StreamWriter",
    "open_connection",
    "open_unix_connection",
    "start_server",
    "start_unix_server",
]
