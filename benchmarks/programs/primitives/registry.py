"""How a primitive is declared: an operation, how often it is done, and the clock that times it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Operation = Callable[[int], Awaitable[object]]

Clock = Literal["cpu", "wall"]


@dataclass(frozen=True)
class Primitive:
    """An operation to be timed.

    CPU time is the process's, which other work on the machine disturbs least; where another thread takes
    part, the waiting is the point, and the clock on the wall counts.
    """

    name: str
    title: str
    count: int
    clock: Clock
    operation: Operation
    needs: str = ""  # a name that the namespace must have


declared: list[Primitive] = []


def primitive(
    title: str, *, count: int, clock: Clock = "cpu", needs: str = ""
) -> Callable[[Operation], Operation]:
    """Declares an operation; its argument is how often to do it, always a whole number of hundreds."""

    def declare(operation: Operation) -> Operation:
        declared.append(Primitive(operation.__name__, title, count, clock, operation, needs))
        return operation

    return declare
