"""The whole command: libraries that cannot be run are told by name, and the rest of the table is made."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ecosystem import command, page
from ecosystem.environment import Environment
from ecosystem.recipe import Recipe
from ecosystem.servers import SERVERS, Redis
from ecosystem.suite import PLUGIN
from ecosystem.verdict import Column, Verdict

import ouroloop

PATHS = {"PYTHONPATH": f"{PLUGIN}:{Path(ouroloop.__file__).parent.parent}"}


class Deaf(Redis):
    """A server that ends at once."""

    name = "deaf"

    def set_up(self):
        raise self.problem("Address already in use")


@dataclass
class Prepared:
    """An environment that is there already: the one that these tests run in."""

    recipe: Recipe
    folder: Path
    venv = Path(sys.executable).parent.parent
    python = Path(sys.executable)

    @property
    def suite(self):
        return self.folder

    def prepare(self):
        pass


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Runs the command on recipes, of which only `absent` has to be installed, and returns its status and the page."""
    record, text = tmp_path / "ecosystem.json", tmp_path / "ecosystem.md"
    read, write = page.read, page.write
    monkeypatch.setattr(page, "read", lambda: read(record))
    monkeypatch.setattr(page, "write", lambda rows, made_with: write(rows, made_with, record, text))
    monkeypatch.setitem(SERVERS, "deaf", Deaf)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    wheel = tmp_path / "ouroloop.whl"
    wheel.touch()
    (tmp_path / "test_thing.py").write_text(
        "import asyncio\ndef test_loop():\n    asyncio.run(asyncio.sleep(0))\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run(recipes, *arguments):
        by_name = {recipe.name: recipe for recipe in recipes}
        monkeypatch.setattr(command, "names", lambda: list(by_name))
        monkeypatch.setattr(command, "load", by_name.__getitem__)
        monkeypatch.setattr(
            command,
            "Environment",
            lambda recipe, folder, wheel: (
                Environment(recipe, folder, wheel) if recipe.name == "absent" else Prepared(recipe, tmp_path)
            ),
        )
        status = command.main(["--wheel", str(wheel), "--folder", str(tmp_path / "made"), *arguments])
        return status, text.read_text() if text.exists() else ""

    return run


def recipe(name, **changes):
    return Recipe(name, "Web", [f"{name}==1"], tests=["test_thing.py"], environment=PATHS, **changes)


def test_a_library_and_a_server_that_cannot_be_had_are_told_and_the_rest_is_run(ask, capsys):
    recipes = [recipe("absent"), recipe("served", servers=["deaf"]), recipe("thing")]
    status, text = ask(recipes, "--loops", "asyncio,ouroloop")
    assert status == 1
    assert "| absent | 1 | - | - | - | cannot be installed on Python " in text
    assert "| served | 1 | - | - | - | deaf does not start on port " in text
    assert "| thing | 1 | 1 / 0 / 0 | - | 1 / 0 / 0 | none |" in text
    printed = capsys.readouterr()
    assert "PROBLEM  cannot be installed" in printed.err
    assert "PROBLEM  deaf does not start" in printed.err
    assert "1 of 3 libraries show no unexplained difference" in printed.out
    assert printed.out.rstrip().endswith("look at absent, served")


def test_a_row_is_kept_where_uvloop_cannot_be_added(ask):
    column = Column(7, 0, 0, 1.0, {"asyncio": 1}, "")
    row = Verdict("absent", "1", "Web", {"asyncio": column, "ouroloop": column})
    page.write({"absent": row}, "CPython 3.13")
    status, text = ask([recipe("absent")], "--loops", "uvloop")
    assert status == 1
    assert "| absent | 1 | 7 / 0 / 0 | - | 7 / 0 / 0 | none |" in text


def test_a_row_says_what_its_recipe_says_today(ask):
    column = Column(7, 0, 0, 1.0, {"asyncio": 1}, "")
    broken = {"t::a": "AssertionError", "t::b": "AssertionError"}
    row = Verdict("other", "1", "Web", {"asyncio": column, "ouroloop": column}, broken, note="of old")
    page.write({"other": row}, "CPython 3.13")
    reasons = {"t::a": "asks for a private name"}
    changed = recipe("other", without_uvloop="it has no setting for a loop", differences=reasons)
    _, text = ask([recipe("thing"), changed], "thing", "--loops", "asyncio,ouroloop")
    said = "no uvloop: it has no setting for a loop; **1 unexplained**; 1 explained below"
    assert f"| other | 1 | 7 / 0 / 0 | - | 7 / 0 / 0 | {said} |" in text
    assert "- `t::a`: asks for a private name\n" in text
    assert "- `t::b`: **unexplained**: `AssertionError`\n" in text
