"""`python -m ecosystem`: runs recipes, prints a line for each, and writes the page."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import ouroloop
from ecosystem import load as load_of
from ecosystem import page
from ecosystem.environment import Environment, PreparationError
from ecosystem.recipe import LOOPS, Recipe, RecipeError, load, names
from ecosystem.servers import ServerError, Servers
from ecosystem.suite import Outcomes, Suite
from ecosystem.verdict import Column, Verdict, elsewhere, judge, regressions

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).resolve().parent.parent / "build" / "ecosystem"
# More failures than these are no accident of a busy machine, and not tried again.
TRIED_AGAIN_MAX = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when no library has an unexplained difference, 1 when one has, 2 for what cannot be asked."""
    options = _parse(arguments)
    try:
        recipes = [load(name) for name in options.libraries or names()]
    except RecipeError as error:
        print(f"ecosystem: {error}", file=sys.stderr)
        return 2
    if options.load:
        recipes = [recipe for recipe in recipes if load_of.program_of(recipe.name)]
    if options.ci:
        recipes = [recipe for recipe in recipes if recipe.ci]
    if options.loops == ["uvloop"]:
        rows = page.read()
        recipes = [each for each in recipes if "uvloop" in each.loops and _is_of(each, rows.get(each.name))]
    made_with = f"CPython {platform.python_version()}, Ouroloop {ouroloop.__version__}"
    verdicts: dict[str, Verdict] = {}
    started = time.monotonic()
    with Servers(options.folder) as servers:
        for number, recipe in enumerate(recipes, 1):
            _say(f"[{number}/{len(recipes)}] {recipe.name} {recipe.version}")
            verdicts[recipe.name] = verdict = run(recipe, servers, options)
            _report(verdict)
            if options.page and not (_adds_only(options) and verdict.is_empty):
                # After each, so that an interrupted run loses one row only.
                page.write({**_rows(), recipe.name: verdict}, made_with)
    bad = [name for name, verdict in verdicts.items() if not verdict.is_good]
    good = len(verdicts) - len(bad)
    print(f"ecosystem: {good} of {len(verdicts)} libraries show no unexplained difference,"
          f" {time.monotonic() - started:.0f} s" + (f"; look at {', '.join(bad)}" if bad else ""))  # fmt: skip
    return 1 if bad else 0


def run(recipe: Recipe, servers: Servers, options: argparse.Namespace) -> Verdict:
    """One library on each loop. What keeps it from running stands in the verdict."""
    environment = Environment(recipe, options.folder, options.wheel)
    try:
        environment.prepare()
        variables = {**servers.variables(recipe.servers), **servers.packages.beside(recipe.programs)}
    except (PreparationError, ServerError) as problem:
        return Verdict(recipe.name, recipe.version, recipe.group, note=recipe.note, problem=str(problem))
    if options.load:
        return _load(environment, variables, servers)
    suite = Suite(environment, variables, for_ci=options.ci)
    runs: dict[str, Outcomes] = {}
    for loop in (each for each in LOOPS if each in recipe.loops and each in options.loops):
        (environment.folder / f"{loop}.log").unlink(missing_ok=True)
        runs[loop] = outcomes = suite.run(loop)
        if loop == "uvloop":
            outcomes.problem = outcomes.problem or elsewhere(recipe, loop, outcomes)
        _say(
            f"    {loop:8} {outcomes.count('passed')} passed, {outcomes.count('failed')} failed,"
            f" {outcomes.count('skipped')} skipped, {outcomes.seconds:.0f} s {outcomes.problem}".rstrip()
        )
    before = page.read().get(recipe.name)
    if options.loops == ["uvloop"]:
        assert before is not None
        before.columns |= {loop: Column.of(outcomes) for loop, outcomes in runs.items()}
        return before
    verdict = judge(recipe, runs, _try_again(recipe, suite, runs))
    if before is not None and _is_of(recipe, before):
        verdict.load, verdict.is_loaded_well = before.load, before.is_loaded_well
        # A loop that was not run this time keeps what it had.
        kept = {loop: column for loop, column in before.columns.items() if loop in recipe.loops}
        verdict.columns = {**kept, **verdict.columns}
    return verdict


def _adds_only(options: argparse.Namespace) -> bool:
    """Whether a run adds to the rows that are there, which stay as they are where it comes to nothing."""
    return options.load or options.loops == ["uvloop"]


def _rows() -> dict[str, Verdict]:
    """The page's rows, with what their recipes say today."""
    rows = page.read()
    for name in rows.keys() & names():
        rows[name].take_words(load(name))
    return rows


def _is_of(recipe: Recipe, row: Verdict | None) -> bool:
    """Whether a row of the page tells of the version that the recipe names."""
    return row is not None and row.version == recipe.version


def _load(environment: Environment, variables: dict[str, str], servers: Servers) -> Verdict:
    """A minute of load, kept with the row that the suites made."""
    recipe = environment.recipe
    verdict = page.read().get(recipe.name) or Verdict(
        recipe.name, recipe.version, recipe.group, note=recipe.note
    )
    try:
        result = load_of.run(environment, variables, servers.packages)
    except ServerError as problem:
        result = load_of.Load(recipe.name, recipe.version, "none", 0, problem=str(problem))
    load_of.report(result)
    verdict.load = result.as_json()
    verdict.is_loaded_well = result.is_good
    return verdict


def _try_again(recipe: Recipe, suite: Suite, runs: dict[str, Outcomes]) -> list[str]:
    """Runs what failed on ours alone once more: a busy machine can fail a test of time, what is broken fails again."""
    failed = [
        test
        for test in regressions(runs["asyncio"], runs["ouroloop"])
        if recipe.difference(test) is None and not test.endswith("(collection)")
    ]
    if not 0 < len(failed) <= TRIED_AGAIN_MAX or runs["ouroloop"].problem:
        return []
    again = suite.run("ouroloop", failed)
    passed = [test for test in failed if again.tests.get(test) == "passed"]
    for test in passed:
        runs["ouroloop"].tests[test] = "passed"
    return passed


def _report(verdict: Verdict) -> None:
    if verdict.problem:
        _say(f"    PROBLEM  {verdict.problem}")
    for test, said in verdict.broken.items():
        _say(f"    BROKEN   {test}: {said}")
    for test in verdict.unsteady:
        _say(f"    unsteady {test} passed at the second try")
    for pattern in verdict.unused:
        _say(f"    unused   the difference {pattern!r} explains nothing that failed: delete it")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ecosystem", description=__doc__)
    parser.add_argument("libraries", nargs="*", metavar="LIBRARY", help="recipes to run (default: all)")
    parser.add_argument("--wheel", type=Path, required=True, help="the wheel of ours that is tested")
    parser.add_argument(
        "--ci", action="store_true", help="only the recipes that CI runs, and their short form"
    )
    parser.add_argument(
        "--load", action="store_true", help="instead of suites, a minute of load for each server"
    )
    parser.add_argument("--no-page", dest="page", action="store_false", help="leave docs/ecosystem.md alone")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for environments, logs and servers")
    parser.add_argument(
        "--loops",
        type=lambda text: text.split(","),
        default=list(LOOPS),
        help="default: all; uvloop alone adds its column to the rows that are there",
    )
    options = parser.parse_args(arguments)
    if not options.wheel.is_file():
        parser.error(f"there is no wheel {options.wheel}: `make ecosystem` builds it")
    both = {"asyncio", "ouroloop"} <= set(options.loops) <= set(LOOPS)
    if not both and options.loops != ["uvloop"]:
        parser.error(
            f"--loops needs asyncio and ouroloop, to compare, and may have {', '.join(LOOPS)}; or it is uvloop"
        )
    options.folder = options.folder.resolve()
    options.wheel = options.wheel.resolve()
    return options


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
