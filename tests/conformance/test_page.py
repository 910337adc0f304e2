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
    assert columns[5:] == ["ouroloop: run", "passed", "failed", "skipped"]
    assert rows == [
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
        "| test_a | 1 | 1 | 0 | 1 | 1 | 0 | 1 | 1 |",
        "| test_b | 1 | 1 | 0 | 0 | 1 | 1 | 0 | 0 |",
        "| **all** | 2 | 2 | 0 | 1 | 2 | 1 | 1 | 1 |",
    ]


def test_a_section_names_what_is_wrong_and_counts_what_is_known():
    known = parse({"needs": {"UDP": {"tests": ["test_a.Some.test_0"]}}}, "3.13")
    text = page.render(
        section([module("test_a", ["pass"] * 3 + ["fail"], ["fail", "crash", "pass", "fail"])], known)
    )
    assert "| needs UDP | 1 |" in text
    assert "- `test_a.Some.test_1` (crash)" in text
    assert "`test_a.Some.test_3`" in text
    assert "`test_a.Some.test_2`" not in text


def test_a_section_without_differences_says_so():
    text = page.render(section([module("test_a", ["pass"], ["pass"])]))
    assert "No other test passes on the standard library and not on ouroloop." in text


def test_a_run_replaces_its_own_section_and_no_other():
    whole = ""
    for version in ("3.13", "3.9", "3.11"):
        whole = page.merge(
            whole, page.heading(version, "loop"), f"## CPython {version}\n\nfirst of {version}\n"
        )
    changed = page.merge(whole, "CPython 3.11", "## CPython 3.11\n\nsecond of 3.11\n")
    assert changed == whole.replace("first of 3.11", "second of 3.11")
    headings = [line for line in changed.splitlines() if line.startswith("## ")]
    assert headings == ["## CPython 3.9", "## CPython 3.11", "## CPython 3.13"]
    assert changed.count("# Conformance\n") == 1


def test_the_swapped_namespace_has_a_section_of_its_own():
    assert page.heading("3.13", "ns") != page.heading("3.13", "loop")


def test_a_page_without_a_verdict_has_the_table_alone():
    results = [module("test_a", ["pass"], ["pass"])]
    alone = page.Section(
        "CPython 3.13", "CPython 3.13.0", {"asyncio": "standard library"}, results, "asyncio", None
    )
    text = page.render(alone)
    assert text.endswith("| **all** | 1 | 1 | 0 | 0 |\n")
    assert isinstance(section(results).verdict, Verdict)
