"""Runs questions and keeps what they answered: all of it, or what there was when somebody stopped the run."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.child import ChildError
from benchmarks.machine import describe_machine, describe_other_work, describe_python
from benchmarks.peers import BASELINE
from benchmarks.record import Contender, Record, Sample
from benchmarks.schedule import Step, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.progress import Progress
    from benchmarks.question import Question, Workbench

# A peer that failed this often in one case is not asked again: each failure may cost a minute of waiting.
_FAILURES_MAX = 2
_WAITING_SHARE_MAX = 0.05


class Run:
    """One go at some questions, on the peers that are there."""

    def __init__(
        self,
        questions: Sequence[Question],
        contenders: Sequence[Contender],
        bench: Workbench,
        progress: Progress,
        keep: Callable[[Record], None],
    ) -> None:
        self._questions = questions
        self._contenders = list(contenders)
        self._bench = bench
        self._progress = progress
        self._keep = keep

    def run(self) -> bool:
        """Measures, and hands each question's record on as soon as it stands; False when it was stopped."""
        for place, question in enumerate(self._questions):
            record = self._open_record(question)
            if not record.cases:
                self.leave_out(question, self._why_impossible(question))
                continue
            if other_work := describe_other_work():
                record.notes.append(other_work)
            try:
                self._answer(question, record)
            except KeyboardInterrupt:
                record.unfinished = _describe_stop(record)
                self._close_record(question, record)
                for other in self._questions[place + 1 :]:
                    self.leave_out(other, "the run was stopped by hand before it came to this")
                return False
            self._close_record(question, record)
        return True

    def leave_out(self, question: Question, reason: str) -> None:
        """Keeps a record of why the question was not asked."""
        record = self._open_record(question)
        record.unfinished = reason
        self._close_record(question, record)

    def _why_impossible(self, question: Question) -> str:
        reasons = {question.lacks(case, self._bench): None for case in question.cases(self._bench.settings)}
        return "; ".join(reasons) or "it has no cases"

    def _open_record(self, question: Question) -> Record:
        bench = self._bench
        contenders = [contender for contender in self._contenders if contender.name in question.peers]
        contenders += [Contender(limit, missing=bench.why_missing(limit)) for limit in question.limits]
        return Record(
            question=question.name,
            title=question.title,
            about=question.about,
            layout=question.layout,
            baseline=BASELINE,
            limits=list(question.limits),
            contenders=contenders,
            cases=question.possible_cases(bench),
            rounds=bench.settings.rounds,
            conditions={
                "python": describe_python(),
                "machine": describe_machine(),
                "cores": str(bench.cores),
                "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            },
            notes=[
                note
                for note in (
                    bench.cores.note,
                    *(contender.note for contender in contenders),
                    question.unfit,
                    *question.notes(bench),
                    *_describe_left_out(question, bench),
                )
                if note
            ],
        )

    def _answer(self, question: Question, record: Record) -> None:
        peers = [contender.name for contender in record.contenders if not contender.missing]
        failures: defaultdict[tuple[str, str], int] = defaultdict(int)
        settings = self._bench.settings
        for step in plan(question, peers, self._bench):
            expected_seconds = question.expected_seconds(step.case, settings)
            if failures[step.case.key, step.peer] >= _FAILURES_MAX:
                self._progress.drop(expected_seconds)
                continue
            self._progress.begin(question.name, step, settings.rounds)
            sample = self._measure(question, step)
            record.samples.append(sample)
            if not sample.figures:
                failures[step.case.key, step.peer] += 1
                if failures[step.case.key, step.peer] == _FAILURES_MAX < settings.rounds:
                    record.notes.append(
                        f"{step.peer}, {step.case.title}: it was not asked again after failing twice."
                    )
            self._progress.end(expected_seconds)

    def _measure(self, question: Question, step: Step) -> Sample:
        try:
            return question.measure(step.case, step.peer, self._bench).sample(step.case, step.peer, step.turn)
        except (ChildError, OSError) as error:  # OSError: it ended while it was looked at or spoken to
            reason = str(error)
        except Exception as error:  # a mistake of the benchmark's own, which must not cost the other figures
            reason = f"the benchmark failed: {error!r}"
        self._progress.say(f"{question.name}, {step.case.title}, {step.peer}: {reason}")
        return Sample(step.case.key, step.peer, step.turn, problems={"": reason})

    def _close_record(self, question: Question, record: Record) -> None:
        record.notes += describe_waiting(record)
        self._keep(record)
        done = f"{len(record.samples)} measurements"
        self._progress.say(f"{question.name}: {record.unfinished or done}")


def expected_seconds(questions: Sequence[Question], peers: Sequence[str], bench: Workbench) -> float:
    """Roughly how long the questions take on these peers."""
    return sum(
        question.expected_seconds(step.case, bench.settings)
        for question in questions
        for step in plan(question, _asked(question, peers, bench), bench)
    )


def _asked(question: Question, peers: Sequence[str], bench: Workbench) -> list[str]:
    limits = [limit for limit in question.limits if not bench.why_missing(limit)]
    return [*(peer for peer in peers if peer in question.peers), *limits]


def describe_waiting(record: Record) -> list[str]:
    """A note when servers could have run but had no core: other work on the machine had it."""
    shares = [
        sample.figures["server_waiting_share"]
        for sample in record.samples
        if "server_waiting_share" in sample.figures
    ]
    late = [share for share in shares if share > _WAITING_SHARE_MAX]
    if not late:
        return []
    note = (
        f"In {len(late)} of {len(shares)} measurements other work took the server's core for more than "
        f"{_WAITING_SHARE_MAX:.0%} of the time (at most {max(late):.0%})."
    )
    return [note]


def _describe_left_out(question: Question, bench: Workbench) -> list[str]:
    reasons = {case.title: question.lacks(case, bench) for case in question.cases(bench.settings)}
    return [f"{title}: left out, {reason}." for title, reason in reasons.items() if reason]


def _describe_stop(record: Record) -> str:
    reached = max((sample.round for sample in record.samples), default=0)
    if not reached:
        return "stopped by hand before anything was measured"
    return f"stopped by hand in round {reached} of {record.rounds}; the figures are of what was done"
