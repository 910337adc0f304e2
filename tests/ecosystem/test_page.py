"""The page: a row a library, what differs explained, and rows kept that a run did not renew."""

from ecosystem import page
from ecosystem.verdict import Column, Verdict


def row(library, **changes):
    columns = {loop: Column(10, 1, 2, 3.0, {loop: 1}, "") for loop in ("asyncio", "ouroloop")}
    return Verdict(library, "1.2", "Web", columns, **changes)


def test_rows_that_were_not_run_again_stay(tmp_path):
    record, text = tmp_path / "ecosystem.json", tmp_path / "ecosystem.md"
    assert page.read(record) == {}
    page.write({"one": row("one"), "two": row("two", note="of old")}, "CPython 3.13", record, text)
    page.write({**page.read(record), "one": row("one", note="of now")}, "CPython 3.13", record, text)
    assert "| one | 1.2 | 10 / 1 / 2 | - | 10 / 1 / 2 | of now |\n" in text.read_text()
    assert "| two | 1.2 | 10 / 1 / 2 | - | 10 / 1 / 2 | of old |\n" in text.read_text()


def test_differences_are_explained_below_the_table():
    text = page.render(
        [
            row(
                "one",
                known={"t::a": "asks for a private name"},
                broken={"t::b": "AssertionError"},
                unsteady=["t::c"],
            )
        ],
        "CPython 3.13",
    )
    assert "**1 unexplained**; 1 explained below" in text
    assert "- `t::a`: asks for a private name\n" in text
    assert "- `t::b`: **unexplained**: `AssertionError`\n" in text
    assert "- `t::c`: passed at the second try\n" in text


def test_a_row_that_only_load_has_made_does_not_pass_for_one_without_differences():
    text = page.render([Verdict("one", "1.2", "Web")], "CPython 3.11")
    assert "| one | 1.2 | - | - | - | its tests have not been run to their end yet |" in text


def test_why_there_are_no_figures_of_uvloop_stands_in_the_row():
    text = page.render(
        [
            row("one", without_uvloop="it has no setting for a loop"),
            Verdict("two", "1.2", "Web", {"uvloop": Column(1, 0, 0, 3.0, {}, "not over after 3 s")}),
        ],
        "CPython 3.13",
    )
    assert "| 10 / 1 / 2 | - | 10 / 1 / 2 | no uvloop: it has no setting for a loop |" in text
    assert "| - | 1 / 0 / 0 | - | on uvloop: not over after 3 s |" in text


def test_a_problem_stands_in_its_row():
    text = page.render(
        [Verdict("one", "1.2", "Web", problem="cannot be installed on Python 3.11")], "CPython 3.11"
    )
    assert "| one | 1.2 | - | - | - | cannot be installed on Python 3.11 |" in text
