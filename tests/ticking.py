"""A clock for random programs: it goes by the loop's iterations, so timers fire in the same one on every loop."""

from __future__ import annotations

from typing import Any


def ticking(loop_class: Any) -> Any:
    """A subclass whose time, in seconds, is what its user puts into `ticks`."""

    class Ticking(loop_class):  # type: ignore[misc]
        ticks = 0

        def time(self) -> float:
            return float(self.ticks)

    return Ticking
