"""The barrier: tasks wait for each other, and go on together once enough have come.

One round goes through two states: FILLING while tasks come, DRAINING while those who came leave. Who comes during
DRAINING waits for the next round. `reset()` breaks the round (RESETTING) and `abort()` breaks the barrier (BROKEN).
Every change is made with the condition's lock held and is told to all who wait.
"""

from __future__ import annotations

import asyncio
import enum

from ouroloop.sync.condition import Condition
from ouroloop.sync.loop_bound import LoopBound


class BarrierState(enum.Enum):
    """What happens at the barrier now."""

    FILLING = "filling"
    DRAINING = "draining"
    RESETTING = "resetting"
    BROKEN = "broken"


# Looking one up in its class costs more than a call.
FILLING, DRAINING, RESETTING, BROKEN = BarrierState
LEAVING = (DRAINING, RESETTING)


class Barrier(LoopBound, asyncio.Barrier):
    """A meeting point for a number of tasks. As `asyncio.Barrier`.

    parties: how many must wait before all go on. Raises ValueError when it is below 1.
    """

    def __init__(self, parties: int) -> None:
        if parties < 1:
            raise ValueError("parties must be >= 1")
        self._cond = Condition()
        self._parties = parties
        self._state = FILLING
        self._count = 0

    def __repr__(self) -> str:
        described = object.__repr__(self)[1:-1]
        waiting = "" if self.broken else f", waiters:{self.n_waiting}/{self.parties}"
        return f"<{described} [{self._state.value}{waiting}]>"

    async def __aenter__(self) -> int:  # type: ignore[override]
        return await self.wait()

    async def __aexit__(self, *args: object) -> None:
        pass

    async def wait(self) -> int:
        """Waits for the others, and returns a number of its own from 0 to `parties - 1`.

        Raises BrokenBarrierError when the barrier is broken, or is broken or reset meanwhile.
        """
        async with self._cond:
            if self._state is not FILLING:
                await self._block()
            place = self._count
            self._count += 1
            try:
                if place + 1 == self._parties:
                    self._release()
                else:
                    await self._wait()
            finally:
                self._count -= 1
                self._exit()
            return place

    async def reset(self) -> None:
        """Starts over. Whoever waits gets BrokenBarrierError."""
        async with self._cond:
            self._state = RESETTING if self._count > 0 else FILLING
            self._cond.notify_all()

    async def abort(self) -> None:
        """Breaks the barrier: whoever waits, or comes before a `reset()`, gets BrokenBarrierError."""
        async with self._cond:
            self._state = BROKEN
            self._cond.notify_all()

    @property
    def parties(self) -> int:
        """How many tasks it takes."""
        return self._parties

    @property
    def n_waiting(self) -> int:
        """How many tasks wait for the others now."""
        return self._count if self._state is FILLING else 0

    @property
    def broken(self) -> bool:
        """True after `abort()`, until `reset()`."""
        return self._state is BROKEN

    async def _block(self) -> None:
        """Waits until the round before is over."""
        while self._state in LEAVING:
            await self._cond.wait()
        if self._state is BROKEN:
            raise asyncio.BrokenBarrierError("Barrier aborted")

    def _release(self) -> None:
        """Lets everybody go: the last one has come."""
        self._state = DRAINING
        self._cond.notify_all()

    async def _wait(self) -> None:
        """Waits until the last one has come."""
        while self._state is FILLING:
            await self._cond.wait()
        if self._state in (BROKEN, RESETTING):
            raise asyncio.BrokenBarrierError("Abort or reset of barrier")

    def _exit(self) -> None:
        """The last one to leave opens the next round."""
        if self._count == 0:
            if self._state in LEAVING:
                self._state = FILLING
            self._cond.notify_all()
