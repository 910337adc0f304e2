"""What the command line means, and what it refuses."""

import importlib.util

import pytest

from conformance import arguments, command


def parse(tmp_path, *words):
    return arguments.parse(["--results", str(tmp_path), *words])


def test_the_standard_library_always_runs_and_runs_first(tmp_path):
    assert parse(tmp_path, "--beside", "uvloop").implementations == ["asyncio", "ouroloop", "uvloop"]
    assert parse(tmp_path, "--impl", "asyncio", "--beside", "").implementations == ["asyncio"]


def test_only_a_whole_run_writes_the_page(tmp_path):
    assert parse(tmp_path).page == arguments.PAGE
    assert parse(tmp_path, "--modules", "test_locks").page is None
    assert parse(tmp_path, "--match", "cancel").page is None
    assert parse(tmp_path, "--no-page").page is None
    assert parse(tmp_path, "--impl", "asyncio").page is None


@pytest.mark.parametrize(
    "words", [["--jobs", "0"], ["--timeout", "0"], ["--match", "("], ["--mode", "other"]]
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
