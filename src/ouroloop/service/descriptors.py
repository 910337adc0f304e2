"""Callbacks for descriptors that are ready: `add_reader`, `add_writer`, and their ends.

The public ones refuse a descriptor that a transport owns. Other implementations call those with an underscore, which
take any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVarTuple

from ouroloop.kernel.descriptors import descriptor_of
from ouroloop.loop.descriptors import remove_handle, set_handle
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
    self._ensure_fd_no_transport(fd)
    return self._remove_reader(fd)


def add_writer(self: EventLoop, fd: Any, callback: Callable[[*Arguments], object], *args: *Arguments) -> None:
    """`asyncio.loop.add_writer`."""
    self._ensure_fd_no_transport(fd)
    self._add_writer(fd, callback, *args)


def remove_writer(self: EventLoop, fd: Any) -> bool:
    """`asyncio.loop.remove_writer`."""
    self._ensure_fd_no_transport(fd)
    return self._remove_writer(fd)


def _add_reader(self: EventLoop, fd: Any, callback: Any, *args: Any) -> Handle:
    self._check_closed()
    handle = Handle(callback, args, self)
    set_handle(self, descriptor_of(fd), handle, False)
    return handle


def _remove_reader(self: EventLoop, fd: Any) -> bool:
    return not self.is_closed() and remove_handle(self, descriptor_of(fd), False)


def _add_writer(self: EventLoop, fd: Any, callback: Any, *args: Any) -> Handle:
    self._check_closed()
    handle = Handle(callback, args, self)
    set_handle(self, descriptor_of(fd), handle, True)
    return handle


def _remove_writer(self: EventLoop, fd: Any) -> bool:
    return not self.is_closed() and remove_handle(self, descriptor_of(fd), True)


def _ensure_fd_no_transport(self: EventLoop, fd: Any) -> None:
    transport = self._transport_of(descriptor_of(fd))
    if transport is not None:
        raise RuntimeError(f"File descriptor {fd!r} is used by transport {transport!r}")
