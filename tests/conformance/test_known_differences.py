"""The list of known differences: what it covers, what it refuses, and what in it is no longer needed."""

import pytest

from conformance import known_differences


def parse(private=None, tied=None, python="3.13", mode="loop"):
    return known_differences.parse({"private": private or {}, "tied": tied or {}}, python, mode)


def test_the_first_pattern_that_covers_a_test_gives_its_reason():
    known = parse({"test_a.Some.test_x": "calls _x"}, {"test_a.Some.*": "its own classes"})
    assert known.find("test_a.Some.test_x").reason == "calls _x"
    assert known.find("test_a.Some.test_y").reason == "its own classes"
    assert known.find("test_b.Some.test_x") is None


def test_case_and_the_whole_name_count():
    known = parse({"test_a.Some.test_x": "calls _x"})
    assert known.find("test_a.some.test_x") is None
    assert known.find("test_a.Some.test_xy") is None


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"others": {}}, "no such section: others"),
        ({"private": {"test_a.*": " "}}, "test_a.* has no reason"),
        ({"needs": {"TLS": {"tests": ["test_a.*"]}}}, "no such section: needs"),
        ({"tied": {"test_a.*": "_x"}, "private": {"test_a.*": "_x"}}, "listed twice"),
        ({"private": {"test_a.*": {"until": "3.12"}}}, "test_a.* has no reason"),
        ({"private": {"test_a.*": {"reason": "_x", "from": "3.12"}}}, "test_a.* has no use for from"),
        ({"private": {"test_a.*": {"reason": "_x", "mode": "both"}}}, "test_a.*: no such mode: both"),
    ],
)
def test_a_list_that_says_nothing_or_says_it_twice_is_refused(document, complaint):
    with pytest.raises(ValueError, match=complaint.replace("*", r"\*")):
        known_differences.parse(document, "3.13", "loop")


def test_a_pattern_is_unused_when_all_that_it_covers_passes():
    known = parse(
        {"test_a.Some.test_x": "calls _x", "test_a.Some.test_y": "calls _y", "test_b.*": "calls _b"}
    )
    ran = ["test_a.Some.test_x", "test_a.Some.test_y"]
    unused = known.unused(ran, failed=["test_a.Some.test_y"])
    assert [each.pattern for each in unused] == ["test_a.Some.test_x"]


def test_a_pattern_behind_a_wider_one_is_unused():
    known = parse({"test_a.*": "calls _a", "test_a.Some.test_x": "calls _x"})
    unused = known.unused(["test_a.Some.test_x"], failed=["test_a.Some.test_x"])
    assert [each.pattern for each in unused] == ["test_a.Some.test_x"]


@pytest.mark.parametrize(
    ("limits", "python", "mode", "is_known"),
    [
        ({"until": "3.12"}, "3.9", "loop", True),
        ({"until": "3.12"}, "3.12", "loop", True),
        ({"until": "3.12"}, "3.13", "loop", False),
        ({"since": "3.12"}, "3.9", "loop", False),
        ({"since": "3.12"}, "3.12", "loop", True),
        ({"since": "3.12", "until": "3.13"}, "3.14", "loop", False),
        ({"mode": "ns"}, "3.13", "ns", True),
        ({"mode": "ns"}, "3.13", "loop", False),
        ({"mode": "ns", "until": "3.12"}, "3.13", "ns", False),
    ],
)
def test_an_entry_is_for_the_pythons_and_the_mode_that_it_names(limits, python, mode, is_known):
    known = parse({"test_a.*": {"reason": "calls _x", **limits}}, python=python, mode=mode)
    assert (known.find("test_a.Some.test_x") is not None) == is_known


@pytest.mark.parametrize("mode", ["loop", "ns"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_the_projects_own_list_is_well_formed(python, mode):
    assert known_differences.load(python, mode).differences


@pytest.mark.parametrize(
    ("python", "tests_of", "is_known"),
    [("3.15", "", False), ("3.11", "", False), ("3.11", "3.15", True), ("3.13", "3.15", False)],
)
def test_what_older_pythons_lack_counts_with_the_tests_of_newer_ones(python, tests_of, is_known):
    document = {"older": {"test_a.*": {"reason": "a name of 3.12", "until": "3.11"}}}
    known = known_differences.parse(document, python, "ns", tests_of)
    assert (known.find("test_a.Some.test_x") is not None) == is_known


def test_what_changed_is_about_the_python_whose_tests_run():
    document = {"changed": {"test_a.*": {"reason": "other words", "until": "3.12"}}}
    assert known_differences.parse(document, "3.11", "ns").find("test_a.x")
    assert known_differences.parse(document, "3.11", "ns", tests_of="3.15").find("test_a.x") is None
