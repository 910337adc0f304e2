"""What the command line means, and what it refuses."""

import importlib.util

import pytest

from conformance import arguments, command


def parse(tmp_path, *words):
    return arguments.parse(["--results", str(tmp_path), *words])


def implementations(arguments):
    return [way.implementations for way in arguments.ways]


def test_the_standard_library_always_runs_and_runs_first(tmp_path):
    one_way = parse(tmp_path, "--mode", "loop", "--beside", "uvloop")
    assert implementations(one_way) == [["asyncio", "ouroloop", "uvloop"]]
    itself = parse(tmp_path, "--mode", "loop", "--impl", "asyncio", "--beside", "")
    assert implementations(itself) == [["asyncio"]]


def test_both_ways_are_tested_and_only_loops_stand_beside_a_loop(tmp_path):
    both = parse(tmp_path, "--beside", "uvloop")
    assert [way.mode for way in both.ways] == ["loop", "ns"]
    assert implementations(both) == [["asyncio", "ouroloop", "uvloop"], ["asyncio", "ouroloop.asyncio"]]


def test_another_pythons_tests_run_with_the_namespace_swapped(tmp_path):
    assert [way.mode for way in parse(tmp_path, "--tests-of", "reference").ways] == ["ns"]


def test_only_a_whole_run_writes_the_page(tmp_path):
    assert parse(tmp_path).page == arguments.PAGE
    assert parse(tmp_path, "--modules", "test_locks").page is None
    assert parse(tmp_path, "--match", "cancel").page is None
    assert parse(tmp_path, "--no-page").page is None
    assert parse(tmp_path, "--mode", "loop", "--impl", "asyncio").page is None


@pytest.mark.parametrize(
    "words",
    [
        ["--jobs", "0"],
        ["--timeout", "0"],
        ["--match", "("],
        ["--mode", "other"],
        ["--impl", "uvloop"],
        ["--tests-of", "x", "--mode", "loop"],
    ],
)
def test_what_makes_no_sense_ends_with_the_usage(tmp_path, words, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(tmp_path, *words)
    assert ended.value.code == 2
    assert "usage: python -m tools.conformance" in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("test") is None, reason="this Python came without its tests")
@pytest.mark.parametrize(
    ("module", "complaint"),
    [("test_nothing", "no such module: test_nothing"), ("test_windows_events", "is left out: Windows")],
)
def test_a_module_that_cannot_run_is_named(tmp_path, module, complaint, capsys):
    assert command.main(["--results", str(tmp_path), "--modules", module]) == 2
    assert complaint in capsys.readouterr().err
