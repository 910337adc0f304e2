import asyncio

class LoopBound:
    _loop: asyncio.AbstractEventLoop | None
    def _get_loop(self) -> asyncio.AbstractEventLoop: ...
