"""The page: a table a Python version, of which only the one that ran changes."""

from conformance import page
from conformance.comparison import ModuleResult, Verdict, judge
from conformance.known_differences import KnownDifferences, parse
from conformance.outcomes import Outcome

TITLES = {"asyncio": "standard library", "ours": "ouroloop"}


def module(name, theirs, ours):
    return ModuleResult(
        name,
        {
            side: [Outcome(f"{name}.Some.test_{number}", name, what) for number, what in enumerate(results)]
            for side, results in (("asyncio", theirs), ("ours", ours))
        },
    )


def section(results, known=None, version="3.13"):
    verdict = judge(results, "asyncio", "ours", known or KnownDifferences([]))
    return page.Section(
        page.heading(version, "loop"), f"CPython {version}.0", TITLES, results, "ours", verdict
    )


def test_the_table_counts_each_module_and_all_of_them():
    results = [module("test_a", ["pass", "skip"], ["fail", "skip"]), module("test_b", ["pass"], ["pass"])]
    head, *rows = page.table(section(results)).splitlines()
    columns = [cell.strip() for cell in head.strip("|").split("|")]
    assert columns[:3] == ["Module", "standard library: run", "passed"]
    assert columns[5:] == ["ouroloop: run", "passed", "failed", "skipped", "known"]
    assert rows == [
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
        "| test_a | 1 | 1 | 0 | 1 | 1 | 0 | 1 | 1 | 0 |",
        "| test_b | 1 | 1 | 0 | 0 | 1 | 1 | 0 | 0 | 0 |",
        "| **all** | 2 | 2 | 0 | 1 | 2 | 1 | 1 | 1 | 0 |",
    ]


def test_grades_are_counted_by_implementation():
    one = module("test_a", ["pass", "pass", "skip"], ["pass", "fail", "skip"])
    one.grades["test_a.Some.test_1"] = "B"
    assert page.table_of_grades(section([one])).splitlines()[2:] == [
        "| A: public behaviour | 1 of 1 | 1 of 1 |",
        "| S: names for extensions | 0 of 0 | 0 of 0 |",
        "| B: internals | 1 of 1 | 0 of 1 |",
    ]


def test_a_section_names_what_is_wrong_and_counts_what_is_known():
    known = parse({"private": {"test_a.Some.test_0": "calls _x"}}, "3.13", "loop")
    text = page.render(
        section([module("test_a", ["pass"] * 3 + ["fail"], ["fail", "crash", "pass", "fail"])], known)
    )
    assert "| private to the standard library | 1 | 1 | 0 | 0 |" in text
    assert "| test_a | 4 | 3 | 1 | 0 | 4 | 1 | 3 | 0 | 1 |" in text
    assert "- `test_a.Some.test_1` (crash, A)" in text
    assert "`test_a.Some.test_3`" in text
    assert "`test_a.Some.test_2`" not in text


def test_a_section_without_differences_says_so():
    text = page.render(section([module("test_a", ["pass"], ["pass"])]))
    assert "No other test passes on the standard library and not on ouroloop." in text


def test_a_run_replaces_its_own_section_and_no_other():
    whole = ""
    for version in ("3.13", "3.9", "3.11"):
        whole = page.merge(
            whole,
            page.heading(version, "loop"),
            f"## {page.heading(version, 'loop')}\n\nfirst of {version}\n",
        )
    loop, namespace = page.heading("3.11", "loop"), page.heading("3.11", "ns")
    changed = page.merge(whole, loop, f"## {loop}\n\nsecond of 3.11\n")
    assert changed == whole.replace("first of 3.11", "second of 3.11")
    changed = page.merge(changed, namespace, f"## {namespace}\n\nthird of 3.11\n")
    headings = [line for line in changed.splitlines() if line.startswith("## ")]
    assert headings == [
        "## CPython 3.9, the loop swapped",
        "## CPython 3.11, the loop swapped",
        "## CPython 3.11, the whole namespace swapped",
        "## CPython 3.13, the loop swapped",
    ]
    assert changed.count("# Conformance\n") == 1


def test_a_page_without_a_verdict_has_the_table_alone():
    results = [module("test_a", ["pass"], ["pass"])]
    alone = page.Section(
        "CPython 3.13", "CPython 3.13.0", {"asyncio": "standard library"}, results, "asyncio", None
    )
    text = page.render(alone)
    assert "| **all** | 1 | 1 | 0 | 0 |\n" in text
    assert text.endswith("| B: internals | 0 of 0 |\n")
    assert isinstance(section(results).verdict, Verdict)
