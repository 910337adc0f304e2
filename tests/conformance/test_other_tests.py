"""Another Python's tests on this one: what is kept of them, what is found where, and who decides."""

import textwrap
import types
from dataclasses import replace

import pytest

from conformance import command, other_tests, reference
from conformance.driver import Settings, run_module
from conformance.outcomes import Outcome

# Of a newer language, where an `except` needs no parentheses.
NEWER_SUPPORT = """
    import nothing_of_this_name
    import os.path
    import tempfile

    def plain(argument,
              more=1):
        return argument + more

    @staticmethod
    @staticmethod
    def decorated():
        return base()

    def imported():
        return tempfile.__name__ + os.path.sep

    def too_new():
        try: pass
        except ValueError, TypeError: pass

    LIMIT = 3
"""


@pytest.fixture
def lent(tmp_path):
    source = tmp_path / "support.py"
    source.write_text(textwrap.dedent(NEWER_SUPPORT))
    module = types.ModuleType("support")
    module.base = lambda: "of the older module"
    other_tests.lend(module, source)
    return module


def test_a_function_that_is_missing_comes_from_the_newer_source(lent):
    assert lent.plain(1) == 2
    assert lent.decorated() == "of the older module"
    assert lent.imported() == "tempfile/"


def test_what_lends_replaces_what_is_called_in_a_newer_way(tmp_path):
    source = tmp_path / "support.py"
    source.write_text("def skip(*, thread=False):\n    return thread\n")
    module = types.ModuleType("support")
    module.skip = lambda: None
    other_tests.lend(module, source)("skip")
    assert module.skip(thread=True) is True


@pytest.mark.parametrize("name", ["nothing", "LIMIT", "plai"])
def test_what_is_no_function_of_the_newer_source_is_missing(lent, name):
    with pytest.raises(AttributeError, match=f"module 'support' has no attribute '{name}'"):
        getattr(lent, name)


def test_outcomes_are_read_as_they_were_kept(tmp_path):
    kept = [Outcome("test_a.Some.x", "test_a", "pass", touched=["Future._loop"])]
    reference.keep_outcomes(tmp_path, "test_a", kept)
    (tmp_path / "version").write_text("3.99.1\n")
    read = reference.Reference(tmp_path)
    assert (read.version, read.python, read.modules()) == ("3.99.1", "3.99", ["test_a"])
    assert read.outcomes("test_a") == kept


def test_without_a_run_on_the_other_python_the_command_says_what_to_run(tmp_path, capsys):
    words = ["--results", str(tmp_path), "--tests-of", str(tmp_path / "nothing")]
    assert command.main(words) == 2
    assert "run `make conformance` with that Python first" in capsys.readouterr().err


CASES = """
    import asyncio, os, unittest
    from test import support
    from test.support import threading_helper
    from test.test_asyncio import utils

    class Cases(utils.TestCase):
        def test_it_is_the_other_package(self):
            self.assertEqual(utils.marker, "the other Python's")
            self.assertEqual(os.listdir(support.TEST_HOME_DIR + "/certdata"), ["certificate"])

        def test_support_lends(self):
            self.assertEqual(threading_helper.only_there(), "lent")

        def test_newer_assertions(self):
            self.assertHasAttr(self, "id")
            self.assertNotHasAttr(self, "nothing")
            self.assertStartsWith("text", "te")
            self.assertEndsWith("text", "xt")
            self.assertIsSubclass(bool, int)
            for wrong in (
                lambda: self.assertHasAttr(self, "nothing"),
                lambda: self.assertNotHasAttr(self, "id"),
                lambda: self.assertStartsWith("text", "xt"),
                lambda: self.assertEndsWith("text", "te"),
                lambda: self.assertIsSubclass(int, bool),
            ):
                self.assertRaises(AssertionError, wrong)

        def test_needs_more(self):
            self.fail()
"""


@pytest.fixture
def other(tmp_path):
    """The folder that a run on another Python leaves."""
    files = {
        "version": "3.99.0\n",
        "certdata/certificate": "",
        "support/__init__.py": "",
        "support/socket_helper.py": "",
        "support/threading_helper.py": "def only_there():\n    return 'lent'\n",
        "support/warnings_helper.py": "",
        "test_asyncio/__init__.py": "",
        "test_asyncio/utils.py": 'import unittest\nmarker = "the other Python\'s"\n'
        "class TestLoop: pass\nclass TestCase(unittest.TestCase): pass\n",
        "test_asyncio/test_cases.py": textwrap.dedent(CASES),
    }
    for name, text in files.items():
        (tmp_path / "other" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "other" / name).write_text(text)
    return tmp_path / "other"


@pytest.fixture
def settings(tmp_path, other):
    """A running Python with a support package of its own."""
    support = tmp_path / "here" / "test" / "support"
    (support / ".." / "test_asyncio").mkdir(parents=True)
    for name in ("__init__", "socket_helper", "threading_helper", "warnings_helper", "../__init__"):
        (support / f"{name}.py").write_text("")
    folder = tmp_path / "results"
    folder.mkdir()
    return Settings("asyncio", folder, tests_folder=str(tmp_path / "here"), test_seconds_max=5)


def test_the_other_pythons_tests_run_here(settings, other):
    found = run_module(replace(settings, tests_of=str(other)), "test_cases")
    assert {each.test.rpartition(".")[2]: each.outcome for each in found} == {
        "test_it_is_the_other_package": "pass",
        "test_support_lends": "pass",
        "test_newer_assertions": "pass",
        "test_needs_more": "fail",
    }


def test_what_passed_on_the_other_python_must_pass_here(settings, other, tmp_path, capsys):
    here = tmp_path / "here"
    (here / "other_asyncio.py").write_text(
        "from asyncio import *\nfrom asyncio import SelectorEventLoop as new_event_loop\n"
    )
    names = ["test_support_lends", "test_newer_assertions", "test_needs_more", "test_gone"]
    kept = [Outcome(f"test_cases.Cases.{name}", "test_cases", "pass") for name in names]
    reference.keep_outcomes(other, "test_cases", kept)
    known, page = tmp_path / "known.toml", tmp_path / "page.md"
    known.write_text('[older]\n"test_cases.Cases.test_needs_more" = "more"\n')
    words = ["--results", str(settings.folder), "--tests-dir", str(here), "--known", str(known)]
    words += ["--page", str(page), "--tests-of", str(other), "--impl", "other_asyncio", "--mode", "ns"]
    assert command.main(words) == 1
    assert "1 unexpected, 1 known" in capsys.readouterr().out
    section = page.read_text()
    assert f"## CPython {command.PYTHON} with the tests of 3.99, the whole namespace swapped" in section
    assert "| test_cases | 4 | 4 | 0 | 0 | 4 | 3 | 1 | 0 | 1 |" in section
    assert "- `test_cases.Cases.test_gone` (missing, A)" in section
