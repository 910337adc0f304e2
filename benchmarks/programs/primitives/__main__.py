"""Times every operation of a catalog on one loop: a line of JSON for each, its nanoseconds or what went wrong."""

from __future__ import annotations

import argparse

from benchmarks.programs.loops import add_loop, run_on
from benchmarks.programs.namespace import asyncio
from benchmarks.programs.primitives.catalog import NAMES, PRIMITIVES
from benchmarks.programs.primitives.timing import time_all

CATALOGS = {"primitives": PRIMITIVES, "names": NAMES}


def main() -> None:
    parser = argparse.ArgumentParser()
    add_loop(parser)
    parser.add_argument("--catalog", choices=CATALOGS, default="primitives")
    parser.add_argument("--share", type=int, default=1, help="do one operation in so many")
    arguments = parser.parse_args()
    primitives = [
        each for each in CATALOGS[arguments.catalog] if not each.needs or hasattr(asyncio, each.needs)
    ]
    run_on(arguments.loop, lambda: time_all(primitives, arguments.share))


if __name__ == "__main__":
    main()
