"""Runs a library's tests once, on one loop, in a process group of its own, and reads what the plugin reports."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import string
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ecosystem.recipe import FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecosystem.environment import Environment

PLUGIN = Path(__file__).with_name("plugin")
# Takes from root the right to read and write what it was not given, for a program and all that it starts.
REFUSED = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
]
# pytest's: all passed, some failed, none were collected.
EXIT_PASSED, EXIT_FAILED, EXIT_NOTHING = 0, 1, 5


@dataclass
class Outcomes:
    """What one run said."""

    tests: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    # Loops that were made, by kind.
    loops: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    # Why the run did not come to its end, or nothing.
    problem: str = ""

    def count(self, outcome: str) -> int:
        return sum(each == outcome for each in self.tests.values())

    def take(self, other: Outcomes) -> None:
        """Adds what another run says of tests that this one may have, too."""
        self.tests.update(other.tests)
        self.messages.update(other.messages)
        for kind, count in other.loops.items():
            self.loops[kind] = self.loops.get(kind, 0) + count
        self.seconds += other.seconds
        self.problem = self.problem or other.problem


class Suite:
    """The tests of one library: its own, ours beside the recipe, or both."""

    def __init__(self, environment: Environment, variables: dict[str, str], *, for_ci: bool) -> None:
        self.environment = environment
        self.recipe = environment.recipe
        self.variables = variables
        self.for_ci = for_ci

    def run(self, loop: str, only: Sequence[str] = ()) -> Outcomes:
        """Runs all tests, or those that are named, on one loop."""
        outcomes = Outcomes()
        own = str(self.recipe.own_tests) if self.recipe.own_tests else None
        if own and (not only or any(map(_is_own, only))):
            names = [f"{FOLDER}/{each}" for each in only if _is_own(each)] or [own]
            outcomes.take(self._pytest(loop, FOLDER, ["-c", os.devnull, f"--rootdir={FOLDER}", *names]))
        theirs = [each for each in only if not _is_own(each)]
        if self.recipe.tests and (theirs or not only):
            arguments = [*self.recipe.arguments, *(self.recipe.ci_arguments if self.for_ci else [])]
            arguments = [string.Template(each).safe_substitute(self.variables) for each in arguments]
            suite = self.environment.suite
            named = [self._named(each) for each in theirs]
            outcomes.take(self._pytest(loop, suite, [*arguments, *(named or self.recipe.tests)]))
        return outcomes

    def _named(self, test: str) -> str:
        """A test's name as pytest takes it in the suite's folder: it reports names from where its settings stand."""
        file, colons, rest = test.partition("::")
        places = (self.environment.suite / file, self.environment.folder / file)
        return next((f"{place}{colons}{rest}" for place in places if place.exists()), test)

    def _pytest(self, loop: str, folder: Path, arguments: Sequence[str]) -> Outcomes:
        home = self.environment.folder
        events = home / f"{loop}.events"
        events.unlink(missing_ok=True)
        limits = [f"--timeout={self.recipe.test_seconds_max}"]
        pytest = [
            "-m",
            "pytest",
            "-p",
            "ecosystem_plugin",
            "-p",
            "no:cacheprovider",
            "--color=no",
            *limits,
            *arguments,
        ]
        takeover = ["-m", "ouroloop", "run", "--keep-uvloop"] if loop == "ouroloop" else []
        refused = REFUSED if self.recipe.heeds_permissions and _can_refuse() else []
        command = [*refused, str(self.environment.python), *takeover, *pytest]
        own_variables = {
            name: string.Template(value).safe_substitute(self.variables)
            for name, value in self.recipe.environment.items()
        }
        variables = {
            **os.environ,
            **self.variables,
            "PATH": f"{self.environment.venv / 'bin'}:{self.variables.get('PATH', os.environ['PATH'])}",
            "PYTHONPATH": f"{PLUGIN}",
            "ECOSYSTEM_LOOP": loop,
            "ECOSYSTEM_EVENTS": str(events),
            **own_variables,
        }
        log = home / f"{loop}.log"
        started = time.monotonic()
        with log.open("a", encoding="utf-8") as output:
            print("$", *command, file=output, flush=True)
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_ordinary_signals,
            )
            try:
                process.wait(self.recipe.seconds_max)
                problem = ""
            except subprocess.TimeoutExpired:
                problem = f"not over after {self.recipe.seconds_max} s"
            finally:
                _end_group(process)
        outcomes = _read(events)
        outcomes.seconds = time.monotonic() - started
        if not problem and (process.returncode not in (EXIT_PASSED, EXIT_FAILED) or not outcomes.tests):
            problem = _ending(process.returncode, log)
        if problem and outcomes.problem:
            problem += f", {outcomes.problem}"
        outcomes.problem = problem and f"{problem}; see {os.path.relpath(log)}"
        return outcomes


def _can_refuse() -> bool:
    return os.geteuid() == 0 and shutil.which(REFUSED[0]) is not None


def _is_own(test: str) -> bool:
    """Whether a test's name is that of ours beside the recipes."""
    return "/" not in test.partition("::")[0] and (FOLDER / test.partition("::")[0]).exists()


def _read(events: Path) -> Outcomes:
    outcomes = Outcomes()
    running = ""
    if not events.exists():
        return outcomes
    for line in events.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if "start" in event:
            running = event["start"]
        elif "test" in event:
            running = ""
            outcomes.tests[event["test"]] = event["outcome"]
            if event["message"]:
                outcomes.messages[event["test"]] = event["message"]
        elif "loops" in event:
            outcomes.loops = event["loops"]
    if running:
        outcomes.tests[running] = "failed"
        outcomes.messages[running] = "the process ended, or hung, in this test"
        outcomes.problem = f"in {running}"
    return outcomes


def _ending(status: int, log: Path) -> str:
    if status < 0:
        return f"the process died of {signal.Signals(-status).name}"
    if status == EXIT_NOTHING:
        return "no test was collected"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = next((line for line in reversed(lines) if line.strip()), "nothing")
    return f"pytest ended with {status}: {said[:200]}"


def _ordinary_signals() -> None:
    """A shell that started us in the background has made us ignore Ctrl-C; tests send it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and what it has started and left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
