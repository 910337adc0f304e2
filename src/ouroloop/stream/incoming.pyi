import asyncio
from traceback import StackSummary
from typing import Any

from ouroloop.stream.read_buffer import ReadBuffer

class Incoming:
    _loop: asyncio.AbstractEventLoop
    _waiter: asyncio.Future[None] | None
    _exception: Any
    _transport: Any
    _source_traceback: StackSummary | None
    _eof: bool
    _paused: bool
    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop | None) -> None: ...
    @property
    def _buffer(self) -> ReadBuffer: ...
    @property
    def _limit(self) -> Any: ...
    @_limit.setter
    def _limit(self, value: Any) -> None: ...
    def _line_too_long(self, overrun: asyncio.LimitOverrunError) -> ValueError: ...
