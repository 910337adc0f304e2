"""Callbacks for descriptors that are ready: `add_reader`, `add_writer`, and their ends.

The public ones refuse a descriptor that a transport owns. Other implementations call those with an underscore, which
take any. A socket that was closed while it was watched can still be removed, by the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVarTuple

from ouroloop.kernel.descriptors import descriptor_of
from ouroloop.loop.descriptors import number_of_source, remove_handle, set_handle
from ouroloop.loop.handle import Handle

if TYPE_CHECKING:
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

Arguments = TypeVarTuple("Arguments")


def add_reader(self: EventLoop, fd: Any, callback: Callable[[*Arguments], object], *args: *Arguments) -> None:
    """`asyncio.loop.add_reader`."""
    self._ensure_fd_no_transport(fd)
    self._add_reader(fd, callback, *args)


def remove_reader(self: EventLoop, fd: Any) -> bool:
    """`asyncio.loop.remove_reader`."""
    check_transport(self, fd, watched_number(self, fd))
    return self._remove_reader(fd)


def add_writer(self: EventLoop, fd: Any, callback: Callable[[*Arguments], object], *args: *Arguments) -> None:
    """`asyncio.loop.add_writer`."""
    self._ensure_fd_no_transport(fd)
    self._add_writer(fd, callback, *args)


def remove_writer(self: EventLoop, fd: Any) -> bool:
    """`asyncio.loop.remove_writer`."""
    check_transport(self, fd, watched_number(self, fd))
    return self._remove_writer(fd)


def _add_reader(self: EventLoop, fd: Any, callback: Any, *args: Any) -> Handle:
    self._check_closed()
    handle = Handle(callback, args, self)
    set_handle(self, descriptor_of(fd), handle, False, fd)
    return handle


def _remove_reader(self: EventLoop, fd: Any) -> bool:
    return not self.is_closed() and remove_handle(self, watched_number(self, fd), False)


def _add_writer(self: EventLoop, fd: Any, callback: Any, *args: Any) -> Handle:
    self._check_closed()
    handle = Handle(callback, args, self)
    set_handle(self, descriptor_of(fd), handle, True, fd)
    return handle


def _remove_writer(self: EventLoop, fd: Any) -> bool:
    return not self.is_closed() and remove_handle(self, watched_number(self, fd), True)


def _ensure_fd_no_transport(self: EventLoop, fd: Any) -> None:
    check_transport(self, fd, descriptor_of(fd))


def watched_number(loop: EventLoop, fd: Any) -> int:
    """The number of what is to be removed. Raises ValueError for what has none and is not watched."""
    try:
        return descriptor_of(fd)
    except ValueError:
        number = number_of_source(loop, fd)
        # A closed loop watches nothing, whatever the number.
        if number < 0 and not (isinstance(fd, int) and loop.is_closed()):
            raise
        return number


def check_transport(loop: EventLoop, fd: Any, number: int) -> None:
    transport = loop._transport_of(number)
    if transport is not None:
        raise RuntimeError(f"File descriptor {fd!r} is used by transport {transport!r}")
