"""The tables of a case, cell by cell."""

import pytest
from benchmarks.figures import Summary
from benchmarks.record import Contender, Sample
from benchmarks.tables import format_figure, format_ratio, format_summary, metric_tables, peer_table, table


def cells(markdown):
    """The table's rows by their first cell."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines() if line]
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567.8, "1,234,568"),
        (999.6, "1000"),
        (123.4, "123"),
        (12.34, "12.3"),
        (1.5, "1.50"),
        (3.0, "3"),
        (0, "0"),
        (0.12345, "0.123"),
        (-2.5, "-2.50"),
    ],
)
def test_figure_has_three_digits_or_all_of_a_large_one(value, text):
    assert format_figure(value) == text


def test_summary_shows_the_spread_only_where_there_is_one():
    assert format_summary(Summary(20.0, 10.0, 40.0)) == "20.0 (10.0 to 40.0)"
    assert format_summary(Summary(20.0, 20.0, 20.0)) == "20.0"
    assert format_ratio(Summary(1.5, 1.25, 2.0)) == "**1.50** (1.25 to 2.00)"


def test_nothing_measured_is_a_dash():
    assert format_summary(None) == format_ratio(None) == "-"


def test_table_has_a_line_below_its_head_and_keeps_bars_out_of_cells():
    assert table(["", "a"], [["x|y", "1"]]).splitlines() == ["|  | a |", "| --- | ---: |", "| x\\|y | 1 |"]


def test_peer_table_compares_each_peer_with_the_baseline_and_the_limit(record):
    rows = cells(peer_table(record, record.cases[0]))
    assert rows[""] == ["requests/s", "to uvloop", "to C", "CPU, µs"]
    assert rows["ouroloop"] == [
        "300 (150 to 500)",
        "**1.50** (1.25 to 1.50)",
        "**1.00** (0.50 to 1.00)",
        "3,333",
    ]
    assert rows["uvloop"] == ["200 (100 to 400)", "-", "**0.67** (0.33 to 0.80)", "5,000"]
    assert rows["C"][1:3] == ["**1.50** (1.25 to 3.00)", "-"]


def test_peer_table_says_which_peer_is_missing_and_why(record):
    assert cells(peer_table(record, record.cases[0]))["rloop: missing, not installed"] == ["-"] * 4


def test_limit_that_is_missing_has_a_row_and_no_ratios(record):
    record.contenders.append(Contender("floor", missing="no headers"))
    record.limits.append("floor")
    rows = cells(peer_table(record, record.cases[0]))
    assert rows[""] == ["requests/s", "to uvloop", "to C", "CPU, µs"]
    assert rows["floor: missing, no headers"] == ["-"] * 4


def test_peer_that_failed_every_time_has_dashes(record):
    record.contenders.append(Contender("asyncio", "3.13.0"))
    record.samples.append(Sample("ten", "asyncio", 1, problems={"": "it crashed"}))
    assert cells(peer_table(record, record.cases[0]))["asyncio"] == ["-"] * 4


def test_metric_table_has_a_row_a_metric_and_the_ratios_below(record):
    figures, ratios = map(cells, metric_tables(record, record.cases[0]).split("\n\n"))
    assert figures[""] == ["ouroloop", "uvloop", "rloop (missing)", "C"]
    assert figures["requests/s"] == ["300 (150 to 500)", "200 (100 to 400)", "-", "300 (300 to 500)"]
    assert ratios["to uvloop"] == ["ouroloop", "C"]
    assert ratios["CPU"] == ["**1.50** (1.25 to 1.50)", "**1.50** (1.25 to 3.00)"]


def test_metric_table_leaves_out_a_peer_that_takes_no_part_in_the_case(record):
    record.samples = [sample for sample in record.samples if sample.peer != "C"]
    figures, _ = metric_tables(record, record.cases[0]).split("\n\n")
    assert cells(figures)[""] == ["ouroloop", "uvloop", "rloop (missing)"]


def test_no_ratios_without_the_baseline(record):
    record.samples = [sample for sample in record.samples if sample.peer != "uvloop"]
    assert "to uvloop" not in metric_tables(record, record.cases[0])
