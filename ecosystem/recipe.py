"""A library's recipe: what is installed, which tests are run and how. One TOML file each, in `recipes/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path

FOLDER = Path(__file__).with_name("recipes")
LOOPS = ("asyncio", "uvloop", "ouroloop")
GROUPS = ("Web", "Data", "Network", "Utilities", "Engines", "Interactive")


class RecipeError(Exception):
    """A recipe that says something without sense; the text names the file and what to change."""


@dataclass(frozen=True)
class Recipe:
    """What one file says. Only `group` and `requirements` must stand there."""

    name: str
    group: str
    # For pip, pinned; the first is the library itself.
    requirements: list[str]
    # What pytest is given of the library's source distribution; nothing when its tests are not run.
    tests: list[str] = field(default_factory=list)
    # Which files of the source distribution are unpacked. Not the package: it would hide the one that is installed.
    unpack: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    servers: list[str] = field(default_factory=list)
    # Programs that the tests start, each with the Debian package that has it.
    programs: dict[str, str] = field(default_factory=dict)
    # Why it is not run on uvloop; nothing where it is.
    without_uvloop: str = ""
    # The loops run in programs that the tests start, and ask which loop they have; pytest itself has none.
    in_programs: bool = False
    # Its tests take rights to a file away and count on being refused, which root is not unless told to.
    heeds_permissions: bool = False
    # In the part that CI runs, with these arguments more.
    ci: bool = False
    ci_arguments: list[str] = field(default_factory=list)
    # For the suite on one loop, and for each test.
    seconds_max: int = 900
    test_seconds_max: int = 60
    # Of load, before memory is looked at for the first time: caches and pools fill.
    warm_up_seconds: int = 8
    # What stands in the table beside the figures.
    note: str = ""
    # Patterns of test names, each with the reason why those may fail on ours.
    differences: dict[str, str] = field(default_factory=dict)

    @property
    def requirement(self) -> str:
        return self.requirements[0]

    @property
    def project(self) -> str:
        return self.requirement.partition("==")[0].partition("[")[0]

    @property
    def version(self) -> str:
        return self.requirement.partition("==")[2]

    @property
    def loops(self) -> list[str]:
        return [loop for loop in LOOPS if loop != "uvloop" or not self.without_uvloop]

    @property
    def own_tests(self) -> Path | None:
        """Our tests of this library, where there are any."""
        file = FOLDER / f"test_{self.name}.py"
        return file if file.exists() else None

    def difference(self, test: str) -> str | None:
        """The reason why a test may fail on ours, or None."""
        return next((why for pattern, why in self.differences.items() if fnmatchcase(test, pattern)), None)


def load(name: str, folder: Path = FOLDER) -> Recipe:
    """Reads one recipe. Raises RecipeError for what has no sense."""
    file = folder / f"{name}.toml"
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(names(folder))
        raise RecipeError(f"no recipe for {name!r}; there are: {known}") from None
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file}: {error}") from error
    unknown = document.keys() - {each.name for each in fields(Recipe)}
    if unknown:
        raise RecipeError(f"{file}: unknown: {', '.join(sorted(unknown))}")
    for needed in ("group", "requirements"):
        if needed not in document:
            raise RecipeError(f"{file}: {needed} is missing")
    recipe = Recipe(name=name, **document)
    if recipe.group not in GROUPS:
        raise RecipeError(f"{file}: group is {recipe.group!r}, and not one of {', '.join(GROUPS)}")
    if not recipe.version:
        raise RecipeError(
            f"{file}: {recipe.requirement!r} names no version, as in {recipe.requirement}==1.2.3"
        )
    if not recipe.tests and recipe.own_tests is None:
        raise RecipeError(f"{file}: neither tests nor a file test_{name}.py: nothing would be run")
    reasons = {"without_uvloop": recipe.without_uvloop} if recipe.without_uvloop else {}
    for pattern, reason in {**recipe.differences, **reasons}.items():
        if len(reason.split()) < 4:
            raise RecipeError(f"{file}: the reason for {pattern} says nothing: {reason!r}")
    return recipe


def names(folder: Path = FOLDER) -> list[str]:
    """All recipes there are."""
    return sorted(file.stem for file in folder.glob("*.toml"))
