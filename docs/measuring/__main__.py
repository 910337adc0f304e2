"""Measures what docs/choosing.md says of tasks, threads and processes, and writes it there: `make choosing`.

Each figure is the median of several runs, each in a process of its own; the ways of a subject take turns, so that a
busy machine is busy for all of them.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "choosing.md"
ROUNDS = 5
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->"
sys.path.insert(0, str(HERE))

import subjects  # noqa: E402

Figures = dict[str, dict[str, dict[str, float]]]


def measure() -> Figures:
    figures: Figures = {}
    for subject, ways in subjects.SUBJECTS.items():
        runs: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, done in runs.items():
                command = [sys.executable, str(HERE / "subjects.py"), subject, way]
                ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
                done.append(json.loads(ran.stdout))
        figures[subject] = {
            way: {name: statistics.median(run[name] for run in done) for name in done[0]}
            for way, done in runs.items()
        }
        print(subject, figures[subject], flush=True)
    return figures


def rows(figures: Figures, load: float) -> str:
    waiting, sums, late = figures["waiting"], figures["sums"], figures["pauses"]
    starting, passing = figures["starting"], figures["passing"]
    alone = sums["tasks"]["seconds"]
    by_either = ("tasks", "threads")
    seconds = [f"{waiting[way]['seconds']:.2f} s" for way in by_either]
    memory = [f"{waiting[way]['kib_each']:.1f} KiB" for way in by_either]
    summed = [f"{each['seconds']:.2f} s ({alone / each['seconds']:.1f} x)" for each in sums.values()]
    table = [
        ("", "tasks", "threads", "processes"),
        ("---", "---:", "---:", "---:"),
        (f"{subjects.WAITS:,} waits of {subjects.WAIT_SECONDS:g} s at once", *seconds, "not tried"),
        ("memory of each, while it waits", *memory, "not tried"),
        (f"{subjects.SUMS} sums in plain Python, {os.cpu_count()} at a time", *summed),
        (
            "processor time to start one and hear of its end",
            *(f"{each['us_each']:,.1f} µs" for each in starting.values()),
        ),
        (
            "processor time for a message there and back",
            *(f"{each['us_each']:,.1f} µs" for each in passing.values()),
        ),
    ]
    where = (
        f"CPython {platform.python_version()}, {platform.system()} on {platform.machine()}, {os.cpu_count()} cores;"
        f" load average {load:.1f} before; medians of {ROUNDS} runs, each in a fresh process, the ways taking turns."
        " Threads and processes passed a byte through a socket, tasks an object through a queue. `make choosing`"
        " measures again, and writes this."
    )
    lines = ["| " + " | ".join(row) + " |" for row in table]
    lines += [
        "",
        "How late a loop was at most for its other tasks, while one such sum was added up:",
        "",
        "| | late by |",
        "| --- | ---: |",
        *(f"| {way} | {each['late_ms']:,.1f} ms |" for way, each in late.items()),
        "",
        where,
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{PAGE} has no lines {BEGIN.strip()} and {END}")
    load = os.getloadavg()[0]
    PAGE.write_text(before + begin + "\n" + rows(measure(), load) + "\n" + end + after, encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
