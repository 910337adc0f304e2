"""Times every primitive on one loop: a line of JSON for each, its nanoseconds or what went wrong."""

from __future__ import annotations

import argparse
import gc
import json
import time
from typing import TYPE_CHECKING

from benchmarks.programs.loops import run_on
from benchmarks.programs.primitives.catalog import PRIMITIVES

if TYPE_CHECKING:
    from benchmarks.programs.primitives.registry import Primitive

CLOCKS = {"cpu": time.process_time_ns, "wall": time.perf_counter_ns}
WARM_UP_SHARE = 20


def whole_hundreds(count: int) -> int:
    return max(100, count // 100 * 100)


async def time_primitive(primitive: Primitive, count: int) -> float:
    """Nanoseconds per operation, after a shorter run to warm up."""
    clock = CLOCKS[primitive.clock]
    await primitive.operation(whole_hundreds(count // WARM_UP_SHARE))
    gc.collect()
    start = clock()
    await primitive.operation(count)
    return (clock() - start) / count


async def time_all(share: int) -> None:
    for primitive in PRIMITIVES:
        answer: dict[str, object] = {"primitive": primitive.name}
        try:
            answer["ns"] = await time_primitive(primitive, whole_hundreds(primitive.count // share))
        except Exception as error:
            answer["problem"] = repr(error)
        print(json.dumps(answer), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("loop")
    parser.add_argument("--share", type=int, default=1, help="do one operation in so many")
    arguments = parser.parse_args()
    run_on(arguments.loop, lambda: time_all(arguments.share))


if __name__ == "__main__":
    main()
