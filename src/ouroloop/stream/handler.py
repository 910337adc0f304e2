"""How the handler of a server's connection ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


def handler_done(
    loop: asyncio.AbstractEventLoop, transport: asyncio.WriteTransport, task: asyncio.Task[Any]
) -> None:
    """Closes the connection of a handler that failed or was cancelled, and reports what it failed with."""
    if task.cancelled():
        transport.close()
        return
    error = task.exception()
    if error is not None:
        handler_failed(loop, transport, error)


def handler_failed(
    loop: asyncio.AbstractEventLoop, transport: asyncio.WriteTransport, error: BaseException
) -> None:
    """Reports what a handler, a coroutine or a plain function, failed with, and closes its connection."""
    loop.call_exception_handler(
        {
            "message": "Unhandled exception in client_connected_cb",
            "exception": error,
            "transport": transport,
        }
    )
    transport.close()
