"""Which loops are found, and what is said of the others."""

import json

import pytest
from benchmarks.peers import PEERS, find_contender, find_contenders, program_words, read_probe
from benchmarks.programs import probe
from benchmarks.record import Contender


def test_standard_library_is_always_there():
    contender = find_contender("asyncio")
    assert contender.missing == ""
    assert contender.version[0] == "3"


def test_loop_that_is_not_installed_is_missing():
    assert probe.probe("no_such_loop") == {"missing": "not installed"}


def test_why_a_peer_was_not_installed_is_told_by_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    line = json.dumps({"missing": "not installed"})
    assert read_probe("zuvloop", line).missing == "not installed"
    (tmp_path / "peer-zuvloop.log").write_text(
        "Looking\nERROR: first\nERROR: No matching distribution found\n"
    )
    assert read_probe("zuvloop", line).missing == "not installed: No matching distribution found"


def test_our_namespace_is_a_peer_on_our_loop():
    assert program_words("ouroloop.asyncio") == ["ouroloop", "--own"]
    assert program_words("uvloop") == ["uvloop"]
    contender = find_contender("ouroloop.asyncio")
    assert contender.missing == ""


def test_library_that_is_no_loop_is_probed_by_its_own_run(tmp_path, monkeypatch):
    monkeypatch.setattr(probe, "FOREIGN", ("library_that_raises", "library_that_runs"))
    (tmp_path / "library_that_raises.py").write_text("def run(main): raise OSError('no epoll')\n")
    (tmp_path / "library_that_runs.py").write_text("def run(main): main().close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert probe.probe("library_that_raises") == {"missing": "does not run: OSError('no epoll')"}
    assert probe.probe("library_that_runs") == {"version": "of unknown version", "editable": False}


def test_loop_whose_import_fails_is_missing_with_the_reason(tmp_path, monkeypatch):
    (tmp_path / "loop_without_its_dependency.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    answer = probe.probe("loop_without_its_dependency")
    assert answer == {"missing": "does not import: No module named 'no_such_dependency'"}


def test_loop_that_does_not_run_is_missing_with_the_reason(tmp_path, monkeypatch):
    (tmp_path / "loop_that_raises.py").write_text("def new_event_loop():\n    raise OSError('no epoll')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert probe.probe("loop_that_raises") == {"missing": "does not run: OSError('no epoll')"}


def test_module_that_makes_somebody_elses_loop_is_not_taken_for_a_peer(tmp_path, monkeypatch):
    (tmp_path / "loop_in_disguise.py").write_text("from asyncio import new_event_loop\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert probe.probe("loop_in_disguise")["missing"].startswith("makes a loop that belongs to asyncio.")


def test_probe_that_takes_its_process_down_leaves_a_reason(monkeypatch):
    command = ["sh", "-c", "echo 'free(): invalid pointer' >&2; kill -ABRT $$"]
    monkeypatch.setattr("benchmarks.peers.module_command", lambda *_: command)
    assert find_contender("uvloop").missing == "sh ended with signal 6: free(): invalid pointer"


@pytest.mark.parametrize("line", ["", "Segmentation fault"])
def test_probe_that_prints_something_else_makes_the_peer_missing(line):
    assert read_probe("uvloop", line) == Contender("uvloop", missing=f"its probe printed {line!r}")


def test_editable_install_is_noted():
    contender = read_probe("ouroloop", json.dumps({"version": "0.1.0", "editable": True}))
    assert contender.version == "0.1.0"
    assert "editable install" in contender.note


def test_contenders_stand_in_the_order_of_the_tables(monkeypatch):
    monkeypatch.setattr("benchmarks.peers.find_contender", Contender)
    found = find_contenders(["asyncio", "ouroloop", "uvloop"])
    assert [contender.name for contender in found] == ["ouroloop", "uvloop", "asyncio"]
    assert [contender.name for contender in find_contenders(PEERS)] == list(PEERS)
