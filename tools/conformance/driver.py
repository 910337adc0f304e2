"""Runs test modules in processes of their own and gathers what became of each test.

A test that hangs, or takes the process with it, is recorded as such and the rest of its module goes on in a
fresh process. What failed is run once more by itself: a pass then counts, and what it was first is kept.
Tests that are expected to fail have less time and no second try, because nothing depends on them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .outcomes import Outcome
from .worker import Order

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.05
IMPORT_SECONDS_MAX = 60.0
ABORT_SECONDS_MAX = 3.0
PROCESSES_MAX = 100
# From 3.14 on the stacks of a process that dies are followed by those of the C functions.
LOG_TAIL_BYTES = 12000
EXPECTED_FAILURE_SECONDS_MAX = 5.0
# More failures than this come from one cause, which would be there the second time too.
RETRIED_TESTS_MAX = 60


@dataclass(frozen=True)
class Settings:
    """How modules are run, the same for all of one implementation's."""

    implementation: str
    folder: Path
    mode: str = "loop"
    match: str = ""
    tests_folder: str = ""
    # Another Python's tests, as a run on that one keeps them.
    tests_of: str = ""
    test_seconds_max: float = 20.0
    # Whether the private names that each test touches are recorded, the first time that it runs.
    records: bool = False
    # Given a test's name, whether it is expected to fail.
    expects_failure: Callable[[str], bool] = lambda _test: False


def run_module(settings: Settings, module: str) -> list[Outcome]:
    """All outcomes of a module's tests, in the order they ran in."""
    outcomes = ModuleRun(settings, module).run()
    failed = [each.test for each in outcomes if each.failed and not settings.expects_failure(each.test)]
    if not failed or len(failed) > RETRIED_TESTS_MAX:
        return outcomes
    second = {each.test: each for each in ModuleRun(settings, module, only=tuple(failed)).run()}
    return [_better(each, second.get(each.test)) for each in outcomes]


def _better(first: Outcome, second: Outcome | None) -> Outcome:
    if first.failed and second is not None and second.passed:
        return replace(second, at_first=first.outcome, touched=first.touched)
    return first


class ModuleRun:
    """One module on one implementation, over as many processes as it takes."""

    def __init__(self, settings: Settings, module: str, only: tuple[str, ...] = ()) -> None:
        self._settings = settings
        self._module = module
        self._only = only
        suffix = ".again" if only else ""
        self._events = settings.folder / f"{module}{suffix}.events"
        self._log = settings.folder / f"{module}{suffix}.log"
        self._outcomes: dict[str, Outcome] = {}
        self._expected: list[str] | None = None
        self._running = ""
        self._ended = False

    def run(self) -> list[Outcome]:
        self._log.unlink(missing_ok=True)
        for number in range(1, PROCESSES_MAX + 1):
            self._events.unlink(missing_ok=True)
            done = len(self._outcomes)
            ending = self._run_process()
            has_progressed = len(self._outcomes) > done or bool(self._running)
            if self._ended or not self._account_for(ending, number) or not has_progressed:
                break
        return list(self._outcomes.values())

    def _run_process(self) -> str:
        """Runs what is left in one process; says how the process ended."""
        self._running, self._ended = "", False
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._settings.folder,
                env=self._environment(),
                start_new_session=True,
            )
            try:
                return self._watch(process)
            finally:
                _end(process)

    def _watch(self, process: subprocess.Popen[bytes]) -> str:
        reader = _EventReader(self._events)
        last_event = time.monotonic()
        while True:
            has_ended = process.poll() is not None
            for event in reader.read():
                last_event = time.monotonic()
                self._take(event)
            if has_ended:
                return f"crash (exit status {process.returncode})"
            if time.monotonic() - last_event > self._patience():
                # The worker's fault handler answers with the stack of every thread, which goes to the log.
                process.send_signal(signal.SIGABRT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(ABORT_SECONDS_MAX)
                return "timeout"
            time.sleep(POLL_SECONDS)

    def _patience(self) -> float:
        limit = self._settings.test_seconds_max
        if self._expected is None:
            return max(limit, IMPORT_SECONDS_MAX)
        if self._running and self._settings.expects_failure(self._running):
            return min(limit, EXPECTED_FAILURE_SECONDS_MAX)
        return limit

    def _take(self, event: dict[str, Any]) -> None:
        match event.pop("event"):
            case "list":
                self._expected = self._expected or event["tests"]
            case "start":
                self._running = event["test"]
            case "done":
                self._outcomes[event["test"]] = Outcome(module=self._module, **event)
                self._running = ""
            case "end":
                self._ended = True

    def _account_for(self, ending: str, number: int) -> bool:
        """Records why a process ended early; says whether another one should do the rest."""
        message = f"{ending}\n{self._log_tail()}"
        if self._running:
            self._record(self._running, ending.partition(" ")[0], message)
        elif self._expected is None:
            self._record(f"{self._module}.<import>", "error", message)
            return False
        else:
            self._record(f"{self._module}.<between tests {number}>", "error", message)
        return any(test not in self._outcomes for test in self._expected or ())

    def _record(self, test: str, outcome: str, message: str) -> None:
        seconds = self._settings.test_seconds_max if outcome == "timeout" else 0.0
        self._outcomes[test] = Outcome(test, self._module, outcome, seconds, message)

    def _log_tail(self) -> str:
        return self._log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")

    def _command(self) -> list[str]:
        order = Order(
            implementation=self._settings.implementation,
            mode=self._settings.mode,
            module=self._module,
            events=str(self._events),
            match=self._settings.match,
            done=tuple(self._outcomes),
            only=self._only,
            tests_folder=self._settings.tests_folder,
            tests_of=self._settings.tests_of,
            # A second try is without it, in case that it was the recording that failed.
            records=self._settings.records and not self._only,
        )
        name = f"{Path(__file__).parent.name}.worker"
        return [sys.executable, "-X", "faulthandler", "-m", name, json.dumps(asdict(order))]

    def _environment(self) -> dict[str, str]:
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        environment.pop("PYTHONASYNCIODEBUG", None)
        paths = [str(Path(__file__).resolve().parents[1]), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        return environment


class _EventReader:
    """Reads the events that were written since it read last."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._position = 0
        self._rest = b""

    def read(self) -> list[dict[str, Any]]:
        if not self._file.exists():
            return []
        with self._file.open("rb") as stream:
            stream.seek(self._position)
            written = stream.read()
        self._position += len(written)
        *lines, self._rest = (self._rest + written).split(b"\n")
        return [json.loads(line) for line in lines]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a worker and whatever its tests started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
