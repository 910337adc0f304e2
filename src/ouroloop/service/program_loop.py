"""The loop class of a program under `ouroloop run`, where `asyncio.SelectorEventLoop` is a name for it.

The program's isinstance checks, subclasses and constructor calls with a selector go on working. `service.takeover` and
`service.uvloop_names` import this module, and only when the program first needs a loop; the loop of `ouroloop.asyncio`
derives from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ouroloop.service.event_loop import EventLoop

if TYPE_CHECKING:
    from selectors import BaseSelector


class SelectorEventLoop(EventLoop):
    """Our event loop, with the constructor of `asyncio.SelectorEventLoop`.

    A selector is accepted and closed with the loop, which waits on its own poller instead.
    """

    def __init__(self, selector: BaseSelector | None = None) -> None:
        super().__init__()
        self._unused_selector = selector

    def close(self) -> None:
        super().close()
        if self._unused_selector is not None:
            self._unused_selector.close()
            self._unused_selector = None
