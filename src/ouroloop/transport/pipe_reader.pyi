import asyncio
from typing import IO, Any

from ouroloop.loop.core import LoopCore
from ouroloop.transport.pipe_end import PipeEnd

# The second base is what `isinstance` says; at run time the only base is `PipeEnd`.
class PipeReader(PipeEnd, asyncio.ReadTransport):
    def __init__(
        self,
        loop: LoopCore,
        pipe: IO[Any] | Any,
        protocol: asyncio.BaseProtocol,
        waiter: asyncio.Future[None] | None = None,
    ) -> None: ...
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...
    def is_reading(self) -> bool: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def close(self) -> None: ...
