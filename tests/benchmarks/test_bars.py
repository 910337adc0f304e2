"""How records stand to the bars of the project."""

import pytest
from benchmarks.bars import (
    BARS,
    BY_PROOF,
    MET,
    NOT_MEASURED,
    NOT_MET,
    Bar,
    bars_table,
    count_met,
    pythons,
    standing,
    verdict,
    why_not_measured,
)
from benchmarks.peers import PEERS
from benchmarks.question import C_SERVER, FLOOR, Settings
from benchmarks.questions import QUESTIONS
from benchmarks.record import Book, Case, Sample


def judge(record, **choice):
    bar = Bar(
        "Echo", record.question, "ouroloop", choice.pop("reference", "uvloop"), choice.pop("bound"), **choice
    )
    return verdict(bar, standing(bar, record))


def add_limit(record, name, times):
    """A limit that is so many times as fast as the record's C server, which is as fast as ours at the median."""
    record.samples += [
        Sample(each.case, name, each.round, {"rate": each.figures["rate"] * times})
        for each in record.samples
        if each.peer == "C"
    ]


def test_bar_is_met_by_the_median_of_paired_ratios(record):
    assert judge(record, bound=1.5) == MET
    assert judge(record, bound=1.51) == NOT_MET


def test_bar_within_the_spread_says_so(record):
    record.samples.append(Sample("ten", "ouroloop", 4, {"rate": 400}))
    record.samples.append(Sample("ten", "uvloop", 4, {"rate": 200}))
    assert judge(record, bound=1.9) == f"{NOT_MET}, within the spread"


def test_worst_case_counts(record):
    record.cases.append(Case("more", "100 connections", record.cases[0].metrics))
    record.samples += [Sample("more", "ouroloop", 1, {"rate": 11}), Sample("more", "uvloop", 1, {"rate": 10})]
    assert judge(record, bound=1.2) == NOT_MET
    assert judge(record, bound=1.2, of="mean") == MET
    assert judge(record, bound=1.2, cases=lambda case: case.key == "ten") == MET


def test_figure_of_our_own_is_bounded_from_above(record):
    assert judge(record, reference="", bound=3333.4, metrics=("cost",)) == MET
    assert judge(record, reference="", bound=3000, metrics=("cost",)) == f"{NOT_MET}, within the spread"
    assert judge(record, reference="", bound=1000, metrics=("cost",)) == NOT_MET


@pytest.mark.parametrize("of", ["each", "mean"])
@pytest.mark.parametrize(
    ("limit", "name"), [(C_SERVER, "the C server"), (FLOOR, "the floor")], ids=["C server", "floor"]
)
def test_bar_that_the_limit_misses_too_is_met_by_proof_unless_the_limit_is_ahead(
    make_record, limit, name, of
):
    def verdict_beside(times, bound):
        record = make_record()
        add_limit(record, limit, times)
        return judge(record, bound=bound, of=of)

    assert verdict_beside(1.0, bound=1.6) == BY_PROOF
    assert verdict_beside(0.9, bound=1.6) == BY_PROOF
    assert verdict_beside(1.05, bound=1.6) == f"{NOT_MET}; nor by {name} (ours 0.95 of it)"
    assert verdict_beside(1.2, bound=1.6) == NOT_MET
    assert verdict_beside(1.2, bound=1.4) == MET


def test_floor_goes_before_the_c_server(record):
    add_limit(record, C_SERVER, 1.2)
    assert judge(record, bound=1.6) == NOT_MET
    add_limit(record, FLOOR, 1.0)
    assert judge(record, bound=1.6) == BY_PROOF


def test_bar_against_the_c_server_is_proved_by_the_floor_alone(record):
    add_limit(record, C_SERVER, 2.0)
    assert judge(record, reference=C_SERVER, bound=0.8) == NOT_MET
    add_limit(record, FLOOR, 1.0)
    assert judge(record, reference=C_SERVER, bound=0.8) == BY_PROOF


def test_every_case_that_falls_short_needs_its_proof(record):
    add_limit(record, FLOOR, 1.0)
    record.cases.append(Case("more", "100 connections", record.cases[0].metrics))
    record.samples += [Sample("more", "ouroloop", 1, {"rate": 11}), Sample("more", "uvloop", 1, {"rate": 10})]
    assert judge(record, bound=1.6) == NOT_MET
    assert judge(record, bound=1.6, of="mean") == NOT_MET
    record.samples.append(Sample("more", FLOOR, 1, {"rate": 11}))
    assert judge(record, bound=1.6) == BY_PROOF
    assert judge(record, bound=1.6, of="mean") == BY_PROOF
    assert judge(record, bound=1.2) == BY_PROOF


def test_figure_of_our_own_is_proved_by_the_limits_own(record):
    record.samples.append(Sample("ten", FLOOR, 1, {"cost": 1e6 / 150}))
    assert judge(record, reference="", bound=1000, metrics=("cost",)) == BY_PROOF
    record.samples[-1].figures["cost"] = 1e6 / 200
    assert (
        judge(record, reference="", bound=1000, metrics=("cost",))
        == f"{NOT_MET}; nor by the floor (ours 0.75 of it)"
    )


def test_peer_that_was_not_measured_leaves_no_standing(record):
    bar = Bar("Echo", "protocol", "ouroloop", "rloop", 1.0)
    assert standing(bar, record) is None
    assert standing(bar, None) is None


def test_bar_without_figures_says_why(record):
    bar = Bar("Echo", "protocol", "ouroloop", "rloop", 1.0)
    assert why_not_measured(bar, None) == NOT_MEASURED
    assert why_not_measured(bar, record) == f"{NOT_MEASURED}: rloop is missing"
    failed = Bar("Echo", "protocol", "ouroloop", "asyncio", 1.0)
    record.samples.append(Sample("ten", "asyncio", 1, problems={"": "it crashed"}))
    assert why_not_measured(failed, record) == f"{NOT_MEASURED}: it crashed"
    stopped = Bar("Echo", "protocol", "ouroloop", "curio", 1.0)
    record.unfinished = "stopped by hand"
    assert why_not_measured(stopped, record) == f"{NOT_MEASURED}: stopped by hand"


def test_bars_look_only_for_what_questions_measure():
    for bar in BARS:
        question = QUESTIONS[bar.question]
        assert bar.peer in {*question.peers, *question.limits}
        assert bar.reference in {*question.peers, *question.limits, ""}
        for settings in (Settings(), Settings(brief=True)):
            cases = [case for case in question.cases(settings) if bar.cases(case)]
            assert cases, bar.title
            for case in cases:
                assert question.takes_part(case, bar.peer), (bar.title, case.title)
                assert set(bar.metrics) <= {metric.key for metric in case.metrics}
    assert {bar.peer for bar in BARS} <= {*PEERS, C_SERVER}


def test_table_has_a_row_a_bar_for_one_python(make_record):
    book = Book([make_record(), make_record(python="CPython 3.9.1", samples=[])])
    rows = bars_table(book, "3.13").splitlines()[2:]
    assert len(rows) == len(BARS)
    assert sum("not measured" in row for row in rows) == len(BARS) - count_met(book, "3.13")[1]
    assert pythons(book.records) == ["3.13"]


@pytest.mark.parametrize("version", ["3.13", "3.9"])
def test_nothing_is_met_where_nothing_was_measured(version):
    assert count_met(Book(), version) == (0, 0)
