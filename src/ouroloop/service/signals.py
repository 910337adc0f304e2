"""Signal handlers that run as callbacks of the loop.

The interpreter's C handler writes each signal's number to the poller's pipe. The loop reads the numbers when it polls,
and queues the handle of each: a callback a signal, none lost but what the kernel merges. Main thread only, because
that is where Python handles signals.
"""

from __future__ import annotations

import asyncio
import errno
import inspect
import logging
import signal
from typing import TYPE_CHECKING, Any

from ouroloop.loop.handle import Handle

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("asyncio")


def add(loop: EventLoop, number: Any, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
    """`asyncio.loop.add_signal_handler`."""
    if asyncio.iscoroutine(callback) or inspect.iscoroutinefunction(callback):
        raise TypeError("coroutines cannot be used with add_signal_handler()")
    _check(number)
    loop._check_closed()
    try:
        signal.set_wakeup_fd(loop.poller.wakeup_fd, warn_on_full_buffer=False)
    except (ValueError, OSError) as error:
        raise RuntimeError(str(error)) from error
    before = loop._signal_handlers.get(number)
    loop._signal_handlers[number] = Handle(callback, args, loop)
    try:
        signal.signal(number, _note)
        signal.siginterrupt(number, False)
    except OSError as error:
        del loop._signal_handlers[number]
        _release_wakeup_descriptor(loop)
        if error.errno == errno.EINVAL:
            raise RuntimeError(f"sig {number} cannot be caught") from error
        raise
    if before is not None:
        before.cancel()


def remove(loop: EventLoop, number: Any) -> bool:
    """`asyncio.loop.remove_signal_handler`."""
    _check(number)
    handle = loop._signal_handlers.pop(number, None)
    if handle is None:
        return False
    handle.cancel()
    default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    try:
        signal.signal(number, default)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise RuntimeError(f"sig {number} cannot be caught") from error
        raise
    _release_wakeup_descriptor(loop)
    return True


def remove_all(loop: EventLoop) -> None:
    """Gives every signal back to its default."""
    for number in list(loop._signal_handlers):
        remove(loop, number)


def arrived(loop: EventLoop, numbers: bytearray) -> None:
    """Queues the callback of each signal; a number without one has a handler of Python's own."""
    for number in numbers:
        handle = loop._signal_handlers.get(number)
        if handle is not None:
            loop._queue(handle)


def _note(number: int, frame: FrameType | None) -> None:
    """Stands as the Python handler, so that the signal's default action does not happen."""


def _check(number: Any) -> None:
    if not isinstance(number, int):
        raise TypeError(f"sig must be an int, not {number!r}")
    if number not in signal.valid_signals():
        raise ValueError(f"invalid signal number {number}")


def _release_wakeup_descriptor(loop: EventLoop) -> None:
    """With the last handler gone, signals write to the poller only while the loop runs."""
    if loop._signal_handlers or loop.is_running():
        return
    try:
        signal.set_wakeup_fd(-1)
    except (ValueError, OSError) as error:
        logger.info("set_wakeup_fd(-1) failed: %s", error)
