import asyncio
from collections.abc import Callable
from traceback import StackSummary
from typing import Any

from ouroloop.stream.flow_control import FlowControlMixin
from ouroloop.stream.reader import StreamReader
from ouroloop.stream.writer import StreamWriter

class StreamReaderProtocol(FlowControlMixin):
    _strong_reader: StreamReader | None
    _client_connected_cb: Callable[[StreamReader, StreamWriter], Any] | None
    _task: asyncio.Task[Any] | None
    _transport: Any
    _source_traceback: StackSummary | None
    _over_ssl: bool
    _reject_connection: bool
    def __init__(
        self,
        stream_reader: Any,
        client_connected_cb: Callable[[Any, Any], Any] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None: ...
    @property
    def _stream_reader(self) -> Any: ...
    @property
    def _stream_reader_wr(self) -> Any: ...
    @property
    def _closed(self) -> asyncio.Future[None]: ...
    def _replace_transport(self, transport: asyncio.BaseTransport) -> None: ...
