"""Pipes, FIFOs, sockets and character devices as transports, one for each direction."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ouroloop.transport.pipe_reader import PipeReader
from ouroloop.transport.pipe_writer import PipeWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("asyncio")


async def connect_read_pipe(
    loop: EventLoop, protocol_factory: Callable[[], Any], pipe: Any
) -> tuple[PipeReader, Any]:
    """Gives what can be read from `pipe` to a protocol; `asyncio.loop.connect_read_pipe`."""
    protocol = protocol_factory()
    waiter = loop.create_future()
    transport = PipeReader(loop, pipe, protocol, waiter)
    await _connected(transport, waiter)
    if loop.get_debug():
        logger.debug("Read pipe %r connected: (%r, %r)", pipe.fileno(), transport, protocol)
    return transport, protocol


async def connect_write_pipe(
    loop: EventLoop, protocol_factory: Callable[[], Any], pipe: Any
) -> tuple[PipeWriter, Any]:
    """Lets a protocol write to `pipe`; `asyncio.loop.connect_write_pipe`."""
    protocol = protocol_factory()
    waiter = loop.create_future()
    transport = PipeWriter(loop, pipe, protocol, waiter)
    await _connected(transport, waiter)
    if loop.get_debug():
        logger.debug("Write pipe %r connected: (%r, %r)", pipe.fileno(), transport, protocol)
    return transport, protocol


async def _connected(transport: PipeReader | PipeWriter, waiter: Any) -> None:
    """Waits until the protocol knows its transport; who is cancelled meanwhile leaves no transport behind."""
    try:
        await waiter
    except BaseException:
        transport.close()
        raise
