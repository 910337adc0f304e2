"""What counts as a difference from the standard library, and what does not."""

from conformance.comparison import ModuleResult, differing, grades, judge
from conformance.known_differences import KnownDifferences, parse
from conformance.outcomes import Outcome, Tally, count

NOTHING_KNOWN = KnownDifferences([])


def outcomes(**results):
    return [Outcome(f"test_a.Some.{name}", "test_a", outcome) for name, outcome in results.items()]


def names(found):
    return [(each.test.rpartition(".")[2], each.outcome) for each in found]


def test_what_passes_there_must_pass_here():
    reference = outcomes(ok="pass", fails="pass", hangs="pass", skipped="pass", gone="pass")
    ours = outcomes(ok="pass", fails="error", hangs="timeout", skipped="skip")
    found = names(differing(reference, ours))
    assert found == [("fails", "error"), ("hangs", "timeout"), ("skipped", "skip"), ("gone", "missing")]


def test_what_does_not_pass_there_decides_nothing():
    reference = outcomes(fails="fail", skipped="skip", odd="unexpected success")
    ours = outcomes(fails="fail", skipped="error", odd="fail")
    assert differing(reference, ours) == []


def test_a_failure_to_fail_as_expected_is_a_failure():
    assert names(differing(outcomes(x="expected failure"), outcomes(x="unexpected success"))) == [
        ("x", "unexpected success")
    ]
    assert differing(outcomes(x="expected failure"), outcomes(x="pass")) == []


def test_a_failure_that_only_ours_has_is_a_difference():
    imported = Outcome("test_a.<import>", "test_a", "error")
    assert differing([], [imported]) == [imported]


def test_a_module_that_nobody_can_import_is_a_difference():
    both = [Outcome("test_a.<import>", "test_a", "error")]
    verdict = judge(
        [ModuleResult("test_a", {"asyncio": both, "ours": both})], "asyncio", "ours", NOTHING_KNOWN
    )
    assert (verdict.unexpected, verdict.undecided) == (both, [])


def test_the_verdict_sorts_by_the_list():
    known = parse(
        {"private": {"*.calls": "_x", "*.healed": "_y"}, "tied": {"*.secure": "its class"}},
        "3.13",
        "loop",
    )
    reference = outcomes(calls="pass", healed="pass", secure="pass", wrong="pass", both="fail")
    ours = outcomes(calls="fail", healed="pass", secure="error", wrong="error", both="fail")
    result = ModuleResult("test_a", {"asyncio": reference, "ours": ours}, grades={"test_a.Some.calls": "B"})
    verdict = judge([result], "asyncio", "ours", known)
    assert verdict.by_reason() == {
        "private to the standard library": {"A": 0, "S": 0, "B": 1},
        "the standard library's own classes": {"A": 1, "S": 0, "B": 0},
    }
    assert [verdict.known_in(name) for name in ("test_a", "test_b")] == [2, 0]
    assert names(verdict.unexpected) == [("wrong", "error")]
    assert [each.pattern for each in verdict.unused] == ["*.healed"]
    assert verdict.undecided == ["test_a.Some.both"]


def test_run_is_what_passed_and_what_failed():
    tally = count(outcomes(a="pass", b="expected failure", c="crash", d="skip", e="unexpected success"))
    assert (tally.run, tally.passed, tally.failed, tally.skipped) == (4, 2, 2, 1)
    assert tally + Tally(1, 2, 3) == Tally(3, 4, 4)


def test_nothing_known_and_nothing_wrong():
    same = outcomes(a="pass", b="skip")
    verdict = judge(
        [ModuleResult("test_a", {"asyncio": same, "ours": same})], "asyncio", "ours", NOTHING_KNOWN
    )
    assert (verdict.known, verdict.unexpected, verdict.unused) == ([], [], [])


def test_tests_are_graded_by_what_they_touch_on_the_standard_library():
    reference = outcomes(calls="pass", public="pass")
    reference[0].touched = ["BaseEventLoop._ready"]
    found = grades(reference)
    assert found == {"test_a.Some.calls": "B", "test_a.Some.public": "A"}
    result = ModuleResult("test_a", {"ours": outcomes(calls="fail", public="pass", new="pass")}, found)
    assert [result.tally_of_grade("ours", letter) for letter in "ASB"] == [Tally(2), Tally(), Tally(0, 1)]
