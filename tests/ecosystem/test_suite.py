"""Runs of a suite: outcomes, loops, processes that die, tests that hang, and what is tried again."""

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ecosystem import command
from ecosystem.command import _try_again
from ecosystem.recipe import Recipe
from ecosystem.servers import Servers
from ecosystem.suite import PLUGIN, Outcomes, Suite
from ecosystem.verdict import Column, Verdict, judge

import ouroloop

LOOP_TEST = "import asyncio\ndef test_loop():\n    asyncio.run(asyncio.sleep(0))\n"


@dataclass
class Prepared:
    """An environment that is there already: the one that these tests run in."""

    recipe: Recipe
    folder: Path

    @property
    def venv(self):
        return Path(sys.executable).parent.parent

    @property
    def python(self):
        return Path(sys.executable)

    @property
    def suite(self):
        return self.folder


class InFolder(Prepared):
    """Its tests stand in a folder of their own, and pytest's settings above."""

    @property
    def suite(self):
        return self.folder / "suite"


@pytest.fixture
def suite(tmp_path):
    def make(text, **changes):
        (tmp_path / "test_thing.py").write_text(text)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        # Where the package under test is, if it is not installed.
        paths = {"PYTHONPATH": f"{PLUGIN}:{Path(ouroloop.__file__).parent.parent}"}
        fields = {"environment": paths, "requirements": ["thing==1"], "tests": ["test_thing.py"], **changes}
        recipe = Recipe("thing", "Web", **fields)
        return Suite(Prepared(recipe, tmp_path), {"PORT": "1234"}, for_ci=False)

    return make


@pytest.mark.parametrize("loop", ["asyncio", "ouroloop"])
def test_the_loop_is_the_one_that_was_asked_for(suite, loop):
    outcomes = suite(LOOP_TEST).run(loop)
    assert (outcomes.tests, outcomes.problem) == ({"test_thing.py::test_loop": "passed"}, "")
    assert outcomes.loops == {loop: 1}


def test_every_outcome_is_seen_and_the_worst_phase_counts(suite):
    text = (
        "import os, pytest\n"
        "@pytest.fixture\ndef broken():\n    yield\n    raise RuntimeError('late')\n"
        "def test_good():\n    assert os.environ['PORT'] == '1234'\n"
        "def test_bad():\n    assert 1 == 2\n"
        "def test_late(broken):\n    pass\n"
        "@pytest.mark.skip\ndef test_skipped():\n    pass\n"
        "@pytest.mark.xfail\ndef test_expected():\n    assert False\n"
    )
    outcomes = suite(text).run("asyncio")
    short = {name.partition("::test_")[2]: outcome for name, outcome in outcomes.tests.items()}
    wanted = {
        "good": "passed",
        "bad": "failed",
        "late": "failed",
        "skipped": "skipped",
        "expected": "skipped",
    }
    assert short == wanted
    assert "RuntimeError: late" in outcomes.messages["test_thing.py::test_late"]
    assert outcomes.problem == ""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv on PATH")
def test_a_suite_that_asks_for_it_is_refused_what_it_may_not_read(suite):
    text = (
        "import os, pathlib, pytest\n"
        "def test_refused(tmp_path):\n"
        "    file = tmp_path / 'file'\n"
        "    file.touch(0)\n"
        "    with pytest.raises(PermissionError):\n"
        "        file.read_text()\n"
    )
    outcomes = suite(text, heeds_permissions=True).run("asyncio")
    assert outcomes.tests == {"test_thing.py::test_refused": "passed"}


def test_a_process_that_dies_is_said_to_and_in_which_test(suite):
    outcomes = suite(
        "import os\ndef test_good(): pass\ndef test_dies(): os.abort()\ndef test_after(): pass\n"
    ).run("asyncio")
    assert outcomes.tests == {"test_thing.py::test_good": "passed", "test_thing.py::test_dies": "failed"}
    assert outcomes.problem.startswith("the process died of SIGABRT, in test_thing.py::test_dies; see ")


def test_a_suite_that_never_ends_is_ended(suite):
    outcomes = suite("import time\ndef test_hangs(): time.sleep(60)\n", seconds_max=3).run("asyncio")
    assert outcomes.problem.startswith("not over after 3 s")


def test_a_suite_that_cannot_be_collected_fails(suite):
    outcomes = suite("import no_such_module\n").run("asyncio")
    assert list(outcomes.tests.values()) == ["failed"]
    assert "no_such_module" in outcomes.messages["test_thing.py (collection)"]
    assert outcomes.problem


def test_a_test_that_fails_once_on_ours_is_unsteady_and_one_that_fails_twice_broken(suite):
    text = LOOP_TEST + (
        "import os, pathlib\n"
        "def test_once():\n"
        "    if os.environ['ECOSYSTEM_LOOP'] == 'ouroloop' and not pathlib.Path('ran').exists():\n"
        "        pathlib.Path('ran').touch()\n"
        "        assert False\n"
        "def test_always():\n    assert os.environ['ECOSYSTEM_LOOP'] != 'ouroloop', 'not on ours'\n"
    )
    tests = suite(text)
    runs = {loop: tests.run(loop) for loop in ("asyncio", "ouroloop")}
    verdict = judge(tests.recipe, runs, _try_again(tests.recipe, tests, runs))
    assert verdict.unsteady == ["test_thing.py::test_once"]
    assert list(verdict.broken) == ["test_thing.py::test_always"]
    assert "not on ours" in verdict.broken["test_thing.py::test_always"]
    assert not verdict.is_good


def test_a_suite_without_settings_of_its_own_is_tried_again_too(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "test_thing.py").write_text("def test_one(): pass\ndef test_two(): pass\n")
    recipe = Recipe(
        "thing", "Web", ["thing==1"], tests=["test_thing.py"], environment={"PYTHONPATH": f"{PLUGIN}"}
    )
    tests = Suite(InFolder(recipe, tmp_path), {}, for_ci=False)
    first, second = tests.run("asyncio").tests
    assert first == "suite/test_thing.py::test_one"
    assert tests.run("asyncio", [second]).tests == {second: "passed"}


@pytest.mark.parametrize(
    ("loops", "columns"),
    [(["uvloop"], {"asyncio": 7, "ouroloop": 7}), (["asyncio", "ouroloop"], {"uvloop": 7})],
)
def test_loops_that_are_not_run_again_keep_their_columns(suite, monkeypatch, tmp_path, loops, columns):
    tests = suite(LOOP_TEST)
    tests.environment.prepare = lambda: None
    row = Verdict("thing", "1", "Web", {loop: Column(7, 0, 0, 1.0, {loop: 1}, "") for loop in columns})
    monkeypatch.setattr(command, "Environment", lambda *_: tests.environment)
    monkeypatch.setattr(command.page, "read", lambda: {"thing": row})
    options = argparse.Namespace(folder=tmp_path, wheel=None, load=False, ci=False, loops=loops)
    with Servers(tmp_path) as servers:
        verdict = command.run(tests.recipe, servers, options)
    assert {loop: verdict.columns[loop].passed for loop in columns} == columns
    assert set(verdict.columns) == {"asyncio", "uvloop", "ouroloop"}


def test_a_run_on_uvloop_that_made_none_says_so(suite, monkeypatch, tmp_path):
    tests = suite("import asyncio\ndef test_loop():\n    asyncio.SelectorEventLoop().close()\n")
    tests.environment.prepare = lambda: None
    row = Verdict("thing", "1", "Web", {"asyncio": Column(7, 0, 0, 1.0, {"asyncio": 1}, "")})
    monkeypatch.setattr(command, "Environment", lambda *_: tests.environment)
    monkeypatch.setattr(command.page, "read", lambda: {"thing": row})
    options = argparse.Namespace(folder=tmp_path, wheel=None, load=False, ci=False, loops=["uvloop"])
    # This environment has no uvloop, so the plugin's policy is its name only.
    (tmp_path / "uvloop.py").write_text(
        "from asyncio import DefaultEventLoopPolicy as EventLoopPolicy\nclass Loop: pass\n"
    )
    tests.recipe.environment["PYTHONPATH"] += f":{tmp_path}"
    with Servers(tmp_path) as servers:
        verdict = command.run(tests.recipe, servers, options)
    assert verdict.columns["uvloop"].problem == "the suite made no such loop"


def outcomes_of(loops, **tests):
    return Outcomes(tests=dict(tests), loops=loops)


def judged(ours, base=None, **changes):
    recipe = Recipe("thing", "Web", ["thing==1"], **changes)
    return judge(
        recipe, {"asyncio": base or outcomes_of({"asyncio": 1}, a="passed", b="failed"), "ouroloop": ours}, []
    )


def test_what_fails_on_both_or_is_explained_is_no_difference():
    verdict = judged(
        outcomes_of({"ouroloop": 1}, a="failed", b="failed"), differences={"a*": "asks for a private name"}
    )
    assert verdict.is_good
    assert verdict.known == {"a": "asks for a private name"}


@pytest.mark.parametrize("outcome", ["failed", "skipped", None])
def test_what_passes_on_the_standard_library_must_pass_on_ours(outcome):
    verdict = judged(outcomes_of({"ouroloop": 1}, **({"a": outcome} if outcome else {}), b="failed"))
    assert list(verdict.broken) == ["a"]


def test_a_reason_that_nothing_needs_is_reported():
    verdict = judged(outcomes_of({"ouroloop": 1}, a="passed"), differences={"a*": "asks for a private name"})
    assert (verdict.is_good, verdict.unused) == (True, ["a*"])


@pytest.mark.parametrize(
    "loops", [{}, {"asyncio": 3}, {"asyncio": 3, "ouroloop": 1}, {"uvloop": 3, "ouroloop": 1}]
)
def test_a_suite_that_did_not_run_on_ours_proves_nothing(loops):
    assert not judged(outcomes_of(loops, a="passed", b="failed")).is_good


@pytest.mark.parametrize("loops", [{}, {"uvloop": 3}, {"uvloop": 3, "asyncio": 1}])
def test_a_suite_that_did_not_run_on_the_standard_library_has_nothing_to_compare_with(loops):
    base = outcomes_of(loops, a="passed")
    assert judged(outcomes_of({"ouroloop": 1}, a="passed"), base).problem.startswith("on asyncio: the suite ")


def test_a_suite_of_which_nothing_passes_proves_nothing():
    verdict = judged(outcomes_of({"ouroloop": 1}), base=outcomes_of({"asyncio": 1}, a="failed"))
    assert verdict.problem.startswith("no test passes on the standard library's loop")
