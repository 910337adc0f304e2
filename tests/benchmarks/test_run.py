"""A run from plan to record, with a question that needs no machine."""

import io

import pytest
from benchmarks.child import ChildError
from benchmarks.machine import Cores
from benchmarks.progress import Progress
from benchmarks.question import C_SERVER, FLOOR, Outcome, Question, Settings, Workbench
from benchmarks.record import Case, Contender, Metric, Sample
from benchmarks.run import Run, describe_waiting

CONTENDERS = [Contender("uvloop", "1"), Contender("rloop", "1"), Contender("asyncio", missing="broken")]


class Counting(Question):
    """Answers with how often it was asked, and fails or stops where it is told to."""

    title = about = "Counting"

    def __init__(self, name="counting", fails_for="", stops_at=0):
        self.name = name
        self.asked = 0
        self.fails_for = fails_for
        self.stops_at = stops_at

    def cases(self, settings):
        return [Case("only", "The only case", (Metric("count", "count"),))]

    def expected_seconds(self, case, settings):
        return 1.0

    def measure(self, case, peer, bench):
        self.asked += 1
        if self.asked == self.stops_at:
            raise KeyboardInterrupt
        if peer == self.fails_for:
            raise ChildError(f"{peer} crashed")
        return Outcome({"count": float(self.asked)})


def run(*questions, rounds=3, **changes):
    kept = []
    bench = Workbench(Settings(rounds=rounds), Cores(0, 1), 1000, None, **changes)
    progress = Progress(10.0, io.StringIO())
    completed = Run(questions, CONTENDERS, bench, progress, kept.append).run()
    return completed, kept


def test_every_round_of_every_peer_that_is_there_is_kept():
    completed, (record,) = run(Counting())
    assert completed
    assert record.unfinished == ""
    assert [(sample.round, sample.peer) for sample in record.samples] == [
        (1, "uvloop"),
        (1, "rloop"),
        (2, "rloop"),
        (2, "uvloop"),
        (3, "uvloop"),
        (3, "rloop"),
    ]


def test_limits_are_asked_beside_the_peers_and_one_that_is_missing_says_why():
    question = Counting()
    question.limits = (C_SERVER, FLOOR)
    _, (record,) = run(question, cannot_build_floor="no headers")
    assert record.limits == [C_SERVER, FLOOR]
    assert record.contenders[-2:] == [Contender(C_SERVER), Contender(FLOOR, missing="no headers")]
    assert {sample.peer for sample in record.samples} == {"uvloop", "rloop", C_SERVER}
    _, (record,) = run(question)
    assert {sample.peer for sample in record.samples} == {"uvloop", "rloop", C_SERVER, FLOOR}


def test_stopped_run_keeps_what_it_has_and_names_what_it_did_not_reach():
    completed, (stopped, not_reached) = run(Counting(stops_at=4), Counting("second"))
    assert not completed
    assert len(stopped.samples) == 3
    assert stopped.unfinished == "stopped by hand in round 2 of 3; the figures are of what was done"
    assert (not_reached.question, not_reached.samples) == ("second", [])
    assert "stopped" in not_reached.unfinished


def test_run_stopped_at_once_says_that_nothing_was_measured():
    _, (record,) = run(Counting(stops_at=1))
    assert record.unfinished == "stopped by hand before anything was measured"


def test_peer_that_fails_twice_is_not_asked_again_and_the_others_are():
    question = Counting(fails_for="rloop")
    completed, (record,) = run(question, rounds=5)
    assert completed
    assert [sample.problems for sample in record.samples if sample.peer == "rloop"] == [
        {"": "rloop crashed"}
    ] * 2
    assert len(record.values("only", "uvloop", "count")) == 5
    assert any("not asked again" in note for note in record.notes)


@pytest.mark.parametrize(("shares", "count"), [([], 0), ([0.01, 0.02], 0), ([0.01, 0.2], 1)])
def test_servers_that_waited_for_their_core_are_noted(shares, count):
    _, (record,) = run(Counting())
    record.samples = [Sample("only", "uvloop", 1, {"server_waiting_share": share}) for share in shares]
    notes = describe_waiting(record)
    assert len(notes) == count
    if notes:
        assert notes[0].startswith("In 1 of 2 measurements")
