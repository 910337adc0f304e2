"""The driver and its worker, on a test package made here: whatever a test does, the others are run."""

import textwrap
from dataclasses import replace

import pytest

from conformance.driver import Settings, run_module

SUPPORT = """
    import asyncio, unittest

    class TestLoop: pass

    class TestCase(unittest.TestCase): pass
"""

# The worker has swapped the loop, so this asks what the tests of CPython see.
OUTCOMES = """
    import asyncio, os, pathlib, time, unittest
    from unittest import mock
    from test.test_asyncio import utils

    class Cases(utils.TestCase):
        def test_a_passes(self):
            with asyncio.Runner() as runner:
                self.assertIsInstance(runner.get_loop(), asyncio.SelectorEventLoop)

        def test_b_hangs(self):
            time.sleep(60)

        def test_c_crashes(self):
            os._exit(7)

        def test_d_fails(self):
            self.fail("said so")

        @unittest.skip("not here")
        def test_e_skipped(self): pass

        @unittest.expectedFailure
        def test_f_expected(self):
            self.fail("as expected")

        def test_g_cleanup(self):
            self.addCleanup(lambda: 1 / 0)

        def test_h_subtests(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertNotEqual(number, 1)

        def test_i_second_time_lucky(self):
            mark = pathlib.Path("mark")
            if not mark.exists():
                mark.touch()
                self.fail("the first time")

        def test_j_logs(self):
            with mock.patch("asyncio.base_events.logger") as logger:
                with asyncio.Runner() as runner:
                    runner.get_loop().call_exception_handler({"message": "told"})
            logger.error.assert_called_once()

    class Broken(utils.TestCase):
        @classmethod
        def setUpClass(cls):
            raise ValueError("no class")

        def test_never(self): pass
"""


@pytest.fixture
def settings(tmp_path):
    package = tmp_path / "test" / "test_asyncio"
    package.mkdir(parents=True)
    files = {
        "../__init__.py": "",
        "../support.py": "",
        "__init__.py": "",
        "utils.py": SUPPORT,
        "test_outcomes.py": OUTCOMES,
        "test_broken.py": "import nothing_of_this_name",
    }
    for name, text in files.items():
        (package / name).write_text(textwrap.dedent(text))
    folder = tmp_path / "results"
    folder.mkdir()
    return Settings("asyncio", folder, tests_folder=str(tmp_path), test_seconds_max=3)


def test_every_test_has_its_outcome_whatever_the_others_do(settings):
    found = {each.test.removeprefix("test_outcomes."): each for each in run_module(settings, "test_outcomes")}
    outcomes = {name: each.outcome for name, each in found.items() if name.startswith("Cases.")}
    assert outcomes == {
        "Cases.test_a_passes": "pass",
        "Cases.test_b_hangs": "timeout",
        "Cases.test_c_crashes": "crash",
        "Cases.test_d_fails": "fail",
        "Cases.test_e_skipped": "skip",
        "Cases.test_f_expected": "expected failure",
        "Cases.test_g_cleanup": "error",
        "Cases.test_h_subtests": "fail",
        "Cases.test_i_second_time_lucky": "pass",
        "Cases.test_j_logs": "pass",
    }
    assert found["Cases.test_i_second_time_lucky"].at_first == "fail"
    # The stack that the worker left when it was aborted.
    assert "in test_b_hangs" in found["Cases.test_b_hangs"].message
    assert "exit status 7" in found["Cases.test_c_crashes"].message
    assert found["Cases.test_d_fails"].last_line == "AssertionError: said so"
    broken = [each for name, each in found.items() if "Broken" in name]
    assert [each.outcome for each in broken] == ["error"]


def test_only_what_matches_is_run_and_a_known_failure_is_run_once(settings):
    settings = replace(settings, match=r"test_(a|d|i)_", expects_failure=lambda test: "test_i_" in test)
    found = run_module(settings, "test_outcomes")
    assert [(each.test.rpartition(".")[2], each.outcome) for each in found] == [
        ("test_a_passes", "pass"),
        ("test_d_fails", "fail"),
        ("test_i_second_time_lucky", "fail"),
    ]
    again = (settings.folder / "test_outcomes.again.events").read_text()
    assert "test_d_fails" in again
    assert "test_i_second_time_lucky" not in again


def test_a_module_that_cannot_be_imported_is_a_failure(settings):
    (outcome,) = run_module(settings, "test_broken")
    assert (outcome.test, outcome.outcome) == ("test_broken.<import>", "error")
    assert "nothing_of_this_name" in outcome.message


OTHER_IMPLEMENTATION = """
    import unittest.async_case
    from asyncio import *
    from asyncio import SelectorEventLoop as new_event_loop

    marker = "other"
    del timeout
"""

NAMESPACE = """
    import asyncio, unittest
    from asyncio import tasks
    from test.test_asyncio import utils

    class Cases(utils.TestCase):
        def test_names_are_the_implementations(self):
            self.assertEqual(asyncio.marker, "other")
            self.assertEqual(tasks.marker, "other")

        def test_what_it_lacks_is_missing(self):
            with self.assertRaisesRegex(AttributeError, "module 'other_asyncio' has no attribute 'timeout'"):
                asyncio.timeout

        def test_private_spellings_find_public_names(self):
            self.assertIs(asyncio._CTask, asyncio.Task)

        def test_inert_parts_stay(self):
            self.assertIsInstance(asyncio.constants.DEBUG_STACK_DEPTH, int)

        def test_earlier_imports_see_it_too(self):
            self.assertIs(unittest.async_case.asyncio, asyncio)
"""


def test_in_the_other_mode_asyncio_is_the_implementations_namespace(settings):
    folder = settings.folder.parent
    (folder / "other_asyncio.py").write_text(textwrap.dedent(OTHER_IMPLEMENTATION))
    (folder / "test" / "test_asyncio" / "test_names.py").write_text(textwrap.dedent(NAMESPACE))
    found = run_module(replace(settings, implementation="other_asyncio", mode="ns"), "test_names")
    assert [(each.outcome, each.last_line) for each in found] == [("pass", "")] * 5
