"""Signal handlers that run as callbacks of the loop.

The interpreter's C handler writes each signal's number to the poller's pipe. The loop reads the numbers when it polls,
and queues the handle of each: a callback a signal, none lost but what the kernel merges. The pipe has room for tens of
thousands; should one callback block for longer than that lasts, signals of a number that waits already are merged, and
no number is lost. Main thread only, because that is where Python handles signals.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import inspect
import logging
import os
import signal
from typing import TYPE_CHECKING, Any

from ouroloop.loop.handle import Handle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("asyncio")

# Bytes. The kernel gives no pipe less room than a page, nor more without being asked than sixteen.
PIPE_ROOM_MIN = 4096
# A few bytes of the pipe may be wake-ups of another kind.
PIPE_ROOM_SLACK = 64


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
        signal.signal(number, _noting(loop._signals_noted))
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
    _queue(loop, numbers)
    noted = loop._signals_noted
    if len(numbers) >= PIPE_ROOM_MIN - PIPE_ROOM_SLACK:
        room = fcntl.fcntl(loop.poller.wakeup_fd, fcntl.F_GETPIPE_SZ)
        if len(numbers) >= room - PIPE_ROOM_SLACK:
            # The pipe was full. A number that is not in it had no room.
            _queue(loop, noted.difference(numbers))
    noted.clear()


def _queue(loop: EventLoop, numbers: Iterable[int]) -> None:
    for number in numbers:
        handle = loop._signal_handlers.get(number)
        if handle is not None:
            loop._queue(handle)


def _noting(noted: set[int]) -> Callable[[int, FrameType | None], None]:
    """The Python handler: it keeps the signal's default action from happening, and the number.

    It does not know the loop, which the interpreter would keep alive otherwise.
    """

    def note(number: int, frame: FrameType | None) -> None:
        noted.add(number)

    return note


def _leave_wakeup_to_the_parent() -> None:
    """In a forked child, a signal for the child must not be written to the pipe of the parent's loop."""
    signal.set_wakeup_fd(-1)


os.register_at_fork(after_in_child=_leave_wakeup_to_the_parent)


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
