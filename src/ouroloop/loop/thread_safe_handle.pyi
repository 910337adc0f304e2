import asyncio
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any

from ouroloop.loop.handle import Handle

class ThreadSafeHandle(Handle):
    def __init__(
        self,
        callback: Callable[..., object],
        args: Iterable[Any],
        loop: asyncio.AbstractEventLoop,
        context: Context | None = None,
    ) -> None: ...
