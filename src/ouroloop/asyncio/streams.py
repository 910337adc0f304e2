"""`asyncio.streams`: reading from and writing to connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ouroloop.stream.flow_control import FlowControlMixin as FlowControlMixin

if TYPE_CHECKING:
    # As the future.
    from asyncio.streams import (
        StreamReader,
        StreamReaderProtocol,
        StreamWriter,
        open_connection,
        open_unix_connection,
        start_server,
        start_unix_server,
    )
else:
    from ouroloop.stream.connections import (
        open_connection,
        open_unix_connection,
        start_server,
        start_unix_server,
    )
    from ouroloop.stream.reader import StreamReader
    from ouroloop.stream.reader_protocol import StreamReaderProtocol
    from ouroloop.stream.writer import StreamWriter

__all__ = [
    "StreamReader",
    "StreamReaderProtocol",
    "StreamWriter",
    "open_connection",
    "open_unix_connection",
    "start_server",
    "start_unix_server",
]
