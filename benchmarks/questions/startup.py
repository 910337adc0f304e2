"""How long the smallest program takes: import, and a run of nothing."""

from __future__ import annotations

import statistics
import sys
import time

from benchmarks.child import ROOT, Child
from benchmarks.peers import LOOPS, OWN
from benchmarks.question import Outcome, Question, Settings, Workbench
from benchmarks.record import Case, Metric

_PROGRAM = ROOT / "benchmarks" / "programs" / "startup.py"
_PATIENCE_SECONDS = 30.0


class StartUp(Question):
    name = "startup"
    title = "Start-up"
    about = (
        "A program that imports the loop and runs an empty coroutine. The import includes the standard "
        "library's `asyncio`, which every loop needs; the whole process includes the interpreter's own start "
        "and end."
    )
    peers = (OWN, *LOOPS)
    unfit = "Trio, curio and gevent are not asked: what they import is not `asyncio`."

    def cases(self, settings: Settings) -> list[Case]:
        metrics = (
            Metric("import_ms", "import", "ms", "less"),
            Metric("run_ms", "run of an empty coroutine", "ms", "less"),
            Metric("process_ms", "whole process", "ms", "less"),
        )
        title = (
            "Median of one start" if settings.starts == 1 else f"Median of {settings.starts} starts a round"
        )
        return [Case("empty", title, metrics, {"starts": settings.starts})]

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        return 0.15 * (settings.starts + 1)

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        # The first start finds nothing in the page cache, and may have to compile the modules: it does not
        # count.
        _start_once(peer, bench)
        starts = [_start_once(peer, bench) for _ in range(bench.settings.starts)]
        return Outcome({key: statistics.median(start[key] for start in starts) for key in starts[0]})


def _start_once(peer: str, bench: Workbench) -> dict[str, float]:
    start = time.perf_counter()
    # With -P the program's folder is not searched, so nothing there can stand in for a module of the same
    # name.
    with Child([sys.executable, "-P", _PROGRAM, peer], bench.cores.server) as child:
        answer = child.read_figures(_PATIENCE_SECONDS)
        child.wait(_PATIENCE_SECONDS)
        whole_seconds = time.perf_counter() - start
    return {
        "import_ms": answer["import_ns"] / 1e6,
        "run_ms": answer["run_ns"] / 1e6,
        "process_ms": whole_seconds * 1e3,
    }
