"""How an operation is timed: after a shorter run to warm up, without garbage of what ran before."""

from __future__ import annotations

import gc
import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.programs.primitives.registry import Primitive

CLOCKS = {"cpu": time.process_time_ns, "wall": time.perf_counter_ns}
WARM_UP_SHARE = 20


def whole_hundreds(count: int) -> int:
    return max(100, count // 100 * 100)


async def time_primitive(primitive: Primitive, count: int) -> float:
    """Nanoseconds per operation."""
    clock = CLOCKS[primitive.clock]
    await primitive.operation(whole_hundreds(count // WARM_UP_SHARE))
    gc.collect()
    start = clock()
    await primitive.operation(count)
    return (clock() - start) / count


async def time_all(primitives: Iterable[Primitive], share: int) -> None:
    """Prints a line of JSON for each."""
    for primitive in primitives:
        answer: dict[str, object] = {"primitive": primitive.name}
        try:
            answer["ns"] = await time_primitive(primitive, whole_hundreds(primitive.count // share))
        except Exception as error:
            answer["problem"] = repr(error)
        print(json.dumps(answer), flush=True)
