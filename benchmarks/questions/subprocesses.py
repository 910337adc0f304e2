"""How long it takes to start a program and to see it end."""

from __future__ import annotations

from benchmarks.child import Child, module_command
from benchmarks.peers import LOOPS, OWN, program_words
from benchmarks.question import Outcome, Question, Settings, Workbench
from benchmarks.record import Case, Metric

_COUNT = 100
_PATIENCE_SECONDS = 60.0


class Subprocesses(Question):
    name = "subprocesses"
    title = "Processes"
    about = (
        "Milliseconds for each process, by the clock on the wall, with the standard library's "
        "`asyncio.subprocess` on each loop, with ours, and with Trio's `run_process`. Most of it is the "
        "kernel's, which makes the process, and the program's own start and end; both on one core."
    )
    peers = (OWN, *LOOPS, "trio")
    unfit = "curio and gevent are not asked."

    def cases(self, settings: Settings) -> list[Case]:
        count = max(2, _COUNT // settings.share)
        metrics = (
            Metric("one_by_one_ms", "`true`, one after another", "ms", "less"),
            Metric("at_once_ms", "`true`, all at once", "ms", "less"),
            Metric("communicate_ms", "1 KiB through `cat`", "ms", "less"),
        )
        return [Case("true", f"{count} processes", metrics, {"count": count})]

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        return 0.5 + 0.006 * case.parameters["count"]

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        program = ["processes_trio"] if peer == "trio" else ["processes", *program_words(peer)]
        command = module_command(*program, "--count", case.parameters["count"])
        with Child(command, bench.cores.server) as child:
            return Outcome(child.read_figures(_PATIENCE_SECONDS))
