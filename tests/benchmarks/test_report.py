"""The page as a whole."""

from benchmarks.record import Book, Case, Sample
from benchmarks.report import render


def headings(page):
    """Those of the questions, which stand behind the bars."""
    lines = [line for line in page.splitlines() if line.startswith("##")]
    return [line for line in lines if not line.startswith(("## The bars", "### The bars"))]


def test_questions_keep_their_order_and_pythons_stand_side_by_side(make_record):
    book = Book()
    for question, python in [
        ("sock", "3.13.0"),
        ("protocol", "3.13.0"),
        ("sock", "3.9.1"),
        ("gone", "3.13.0"),
    ]:
        book.add(make_record(question, f"CPython {python}", title=question))
    assert [line for line in headings(render(book, ["protocol", "sock"])) if not line.startswith("####")] == [
        "## protocol",
        "### protocol, CPython 3.13.0",
        "## sock",
        "### sock, CPython 3.9.1",
        "### sock, CPython 3.13.0",
        "## gone",
        "### gone, CPython 3.13.0",
    ]


def test_page_says_on_what_the_figures_were_taken(record):
    page = render(Book([record]), [])
    assert (
        "- 3 of 3 rounds on 2030-01-01; a machine; server on core 0; ouroloop 0.1.0, uvloop 0.23.0." in page
    )
    assert "- Missing: rloop, not installed." in page


def test_stopped_run_says_so_and_keeps_its_figures(make_record):
    page = render(Book([make_record(unfinished="stopped by hand in round 2 of 9")]), [])
    assert "**Not complete: stopped by hand in round 2 of 9.**" in page
    assert "300 (150 to 500)" in page


def test_question_that_was_not_reached_has_a_reason_and_no_table(make_record):
    page = render(Book([make_record(samples=[], unfinished="not reached")]), [])
    assert "**Not complete: not reached.**" in page
    assert "| requests/s |" not in page


def test_same_failure_is_told_once_with_its_count(record):
    for turn in (1, 2):
        record.samples.append(Sample("ten", "rloop", turn, problems={"": "it crashed", "cost": "no clock"}))
    page = render(Book([record]), [])
    assert page.count("it crashed") == 1
    assert "- rloop, 10 connections: it crashed (2 times)." in page
    assert "- rloop, CPU: no clock (2 times)." in page


def test_empty_book_makes_a_page():
    assert "Nothing has been measured yet." in render(Book(), [])


def test_case_that_was_not_reached_has_no_table(record):
    record.cases.append(Case("later", "1,000 connections", record.cases[0].metrics))
    page = render(Book([record]), [])
    assert "#### 10 connections" in page
    assert "#### 1,000 connections" not in page


def test_bars_are_counted_for_each_python(make_record):
    page = render(Book([make_record(), make_record(python="CPython 3.11.7", samples=[])]), [])
    assert "### The bars, CPython 3.13: " in page
    assert "### The bars, CPython 3.11" not in page
