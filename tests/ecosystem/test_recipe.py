"""Recipes: those there are make sense, and those that do not are told what to change."""

import pytest
from ecosystem.recipe import RecipeError, load, names
from ecosystem.servers import SERVERS

GOOD = {"group": '"Web"', "requirements": '["thing[extra]==1.2"]', "tests": '["tests"]'}


def written(folder, **changes):
    lines = [f"{name} = {value}\n" for name, value in (GOOD | changes).items() if value is not None]
    (folder / "thing.toml").write_text("".join(lines))
    return folder


@pytest.mark.parametrize("name", names())
def test_every_recipe_makes_sense(name):
    recipe = load(name)
    assert set(recipe.servers) <= set(SERVERS)
    assert recipe.own_tests or not recipe.unpack or recipe.tests


def test_a_recipe_names_its_project_and_version(tmp_path):
    recipe = load("thing", written(tmp_path))
    assert (recipe.project, recipe.version, recipe.loops) == (
        "thing",
        "1.2",
        ["asyncio", "uvloop", "ouroloop"],
    )


def test_a_reason_leaves_uvloop_out(tmp_path):
    recipe = load("thing", written(tmp_path, without_uvloop='"it has no setting for a loop"'))
    assert recipe.loops == ["asyncio", "ouroloop"]


def test_a_difference_is_found_by_pattern(tmp_path):
    table = '{"tests/a.py::test_*" = "looks at a private name of the standard library"}'
    recipe = load("thing", written(tmp_path, differences=table))
    assert recipe.difference("tests/a.py::test_x") == "looks at a private name of the standard library"
    assert recipe.difference("tests/b.py::test_x") is None


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"group": '"Webs"'}, "group is 'Webs', and not one of Web,"),
        ({"group": None}, "group is missing"),
        ({"requirements": '["thing"]'}, "names no version, as in thing==1.2.3"),
        ({"without_uvloop": '"cannot"'}, "the reason for without_uvloop says nothing: 'cannot'"),
        ({"tests": None}, "nothing would be run"),
        ({"test": '["tests"]'}, "unknown: test"),
        ({"differences": '{"a" = "because"}'}, "the reason for a says nothing: 'because'"),
        ({"tests": "["}, "thing.toml: "),
    ],
)
def test_what_has_no_sense_is_refused(changes, complaint, tmp_path):
    with pytest.raises(RecipeError) as refused:
        load("thing", written(tmp_path, **changes))
    assert complaint in str(refused.value)


def test_an_unknown_library_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(RecipeError, match="no recipe for 'other'; there are: thing"):
        load("other", written(tmp_path))
