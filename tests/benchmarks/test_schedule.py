"""The order of measurements, and the estimate of the time left."""

import io
from collections import Counter
from dataclasses import replace

import pytest
from benchmarks.machine import Cores
from benchmarks.progress import Progress, describe_duration
from benchmarks.question import C_SERVER, Settings, Workbench
from benchmarks.questions import QUESTIONS
from benchmarks.schedule import plan, rotate

PEERS = ["ouroloop", "uvloop", "asyncio", C_SERVER]


def make_bench(native="built", **settings):
    why = "" if native else "no compiler"
    return Workbench(Settings(**settings), Cores(0, 1), 20_000, native, why, native, why)


def test_rotation_keeps_everyone_and_goes_round():
    assert [rotate("abc", places) for places in range(4)] == [
        list("abc"),
        list("bca"),
        list("cab"),
        list("abc"),
    ]
    assert rotate([], 3) == []


def test_every_peer_runs_once_a_case_and_round():
    bench = make_bench(rounds=4)
    steps = list(plan(QUESTIONS["protocol"], PEERS, bench))
    counts = Counter((step.turn, step.case.key, step.peer) for step in steps)
    assert set(counts.values()) == {1}
    assert {step.turn for step in steps} == {1, 2, 3, 4}


def test_everyone_is_asked_in_the_common_cases_and_the_rivals_in_the_others():
    steps = list(plan(QUESTIONS["protocol"], PEERS, make_bench(rounds=1)))
    asked = {}
    for step in steps:
        asked.setdefault(step.case.key, set()).add(step.peer)
    assert asked["100x1024"] == set(PEERS)
    assert asked["100x64"] == set(PEERS) - {"asyncio"}


def test_peers_of_a_case_run_one_after_the_other():
    steps = list(plan(QUESTIONS["protocol"], PEERS, make_bench(rounds=1, connections=(1, 10, 100))))
    for start in range(0, len(steps), len(PEERS)):
        group = steps[start : start + len(PEERS)]
        assert len({step.case.key for step in group}) == 1
        assert {step.peer for step in group} == set(PEERS)


def test_everyone_begins_equally_often():
    bench = make_bench(rounds=len(PEERS), connections=(10,))
    steps = list(plan(QUESTIONS["protocol"], PEERS, bench))
    assert sorted(step.peer for step in steps[:: len(PEERS)]) == sorted(PEERS)


def test_limit_takes_part_only_where_it_can():
    steps = plan(QUESTIONS["scale"], PEERS, make_bench(rounds=1))
    assert {step.case.key for step in steps if step.peer == C_SERVER} == {"connections"}


def test_tls_alone_is_left_out_without_its_headers():
    bench = replace(make_bench(), secure=None, cannot_secure="no headers")
    possible = {name for name, question in QUESTIONS.items() if question.possible_cases(bench)}
    assert QUESTIONS.keys() - possible == {"tls", "tls-streams", "handshakes"}
    assert "tls" not in [case.key for case in QUESTIONS["latency"].possible_cases(bench)]


def test_without_a_compiler_the_rest_is_measured():
    bench = make_bench(native=None, rounds=1)
    possible = {
        name: [case.key for case in question.possible_cases(bench)] for name, question in QUESTIONS.items()
    }
    assert {name: keys for name, keys in possible.items() if keys} == {
        "primitives": ["all"],
        "names": ["all"],
        "scale": ["timers", "tasks"],
        "growth": ["timers", "tasks"],
        "startup": ["empty"],
        "subprocesses": ["true"],
    }


def test_estimate_learns_from_the_steps_that_were_done():
    now = 0.0
    progress = Progress(100.0, io.StringIO(), lambda: now)
    assert progress.seconds_left() == pytest.approx(100)
    for _ in range(50):
        now += 2.0
        progress.end(1.0)
    assert 90 < progress.seconds_left() < 100
    progress.drop(50.0)
    assert progress.seconds_left() == 0


def test_progress_names_question_peer_round_and_time_left():
    stream = io.StringIO()
    progress = Progress(240.0, stream, lambda: 0.0)
    step = next(plan(QUESTIONS["sock"], PEERS, make_bench(rounds=7)))
    progress.begin("sock", step, 7)
    assert stream.getvalue() == "[  0%] sock: round 1 of 7, 10 connections, 1 KiB, ouroloop - 4 min left\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (59.6, "60 s"), (150, "2 min"), (7500, "2 h 5 min")]
)
def test_duration_is_as_exact_as_it_needs_to_be(seconds, text):
    assert describe_duration(seconds) == text
