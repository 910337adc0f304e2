import asyncio
from typing import Any

def current_task(loop: asyncio.AbstractEventLoop | None = None) -> asyncio.Task[Any] | None: ...
