"""Runs the modules one after another, says how far it is, and ends with the verdict."""

from __future__ import annotations

import platform
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from . import known_differences, outcomes, page, reference
from .arguments import parse
from .comparison import ModuleResult, grades, judge
from .driver import Settings, run_module
from .selection import ELSEWHERE, MODULES_LEFT_OUT, test_modules
from .swap import STANDARD_LIBRARY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .arguments import Arguments, Way
    from .comparison import Verdict
    from .known_differences import KnownDifferences
    from .outcomes import Outcome
    from .reference import Reference

PYTHON = ".".join(platform.python_version_tuple()[:2])


def main(words: Sequence[str] | None = None) -> int:
    """The command's exit status: 1 when a test fails that should not, 2 when nothing could be run."""
    arguments = parse(words)
    try:
        tests = reference.Reference(arguments.tests_of) if arguments.tests_of else None
        tests_of = tests.python if tests else ""
        lists = [
            known_differences.load(PYTHON, way.mode, arguments.known_differences, tests_of)
            for way in arguments.ways
        ]
        modules = choose_modules(arguments, tests)
        if tests is None:
            reference.keep_tests(arguments.results / reference.FOLDER)
    except (OSError, ValueError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    print(f"outcomes and logs: {arguments.results}")
    status = 0
    verdicts = []
    # The standard library runs once, whatever it is compared with; another Python's has run there.
    baseline = {module: tests.outcomes(module) for module in modules} if tests else {}
    try:
        for way, known in zip(arguments.ways, lists, strict=True):
            names = ", ".join(way.implementations)
            print(
                f"CPython {platform.python_version()}, {page.WAYS[way.mode]}, "
                f"{f'tests of {tests.version}, ' if tests else ''}"
                f"{len(modules)} modules, on {names}",
                flush=True,
            )
            results = list(run_all(arguments, way, modules, known, baseline))
            save(arguments, way, results)
            way_status, line = conclude(arguments, way, results, known, tests)
            status = max(status, way_status)
            verdicts.append(f"{page.WAYS[way.mode]}: {line}")
    except KeyboardInterrupt:
        print("conformance: interrupted", file=sys.stderr)
        return 130
    print("; ".join(verdicts))
    return status


def choose_modules(arguments: Arguments, tests: Reference | None = None) -> list[str]:
    """The modules to run; raises ValueError when one that was asked for is not there."""
    if arguments.tests_folder:
        sys.path.insert(0, arguments.tests_folder)
    existing = tests.modules() if tests else test_modules()
    for name in arguments.modules:
        if name in MODULES_LEFT_OUT:
            raise ValueError(f"{name} is left out: {MODULES_LEFT_OUT[name]}")
        if name not in existing:
            raise ValueError(f"no such module: {name} (there are {', '.join(existing)})")
    return list(arguments.modules) or existing


def run_all(
    arguments: Arguments,
    way: Way,
    modules: list[str],
    known: KnownDifferences,
    baseline: dict[str, list[Outcome]],
) -> Iterator[ModuleResult]:
    """Runs each module on every implementation, with a line for each as it is done."""

    def run(module: str) -> tuple[ModuleResult, float]:
        started = time.monotonic()
        return run_everywhere(arguments, way, module, known, baseline), time.monotonic() - started

    width = max(map(len, modules))
    with ThreadPoolExecutor(arguments.jobs) as pool:
        try:
            for number, (result, seconds) in enumerate(pool.map(run, modules), 1):
                passed = "  ".join(
                    f"{name} {result.tally(name).passed}/{result.tally(name).run}"
                    for name in way.implementations
                )
                position = f"[{number:{len(str(len(modules)))}}/{len(modules)}]"
                print(f"{position} {result.module:{width}}  passed: {passed}  ({seconds:.0f} s)", flush=True)
                yield result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def run_everywhere(
    arguments: Arguments,
    way: Way,
    module: str,
    known: KnownDifferences,
    baseline: dict[str, list[Outcome]],
) -> ModuleResult:
    """One module on each implementation in turn; what is in `baseline` already is not run again."""
    expected = {
        # What others do decides nothing, and much of their time would go to tests that hang.
        **dict.fromkeys(way.beside, lambda _test: True),
        way.implementation: lambda test: known.find(test) is not None,
        STANDARD_LIBRARY: lambda _test: False,
    }
    found = {}
    for name in way.implementations:
        is_baseline = name == STANDARD_LIBRARY
        if is_baseline and module in baseline:
            found[name] = baseline[module]
            continue
        folder = arguments.results / folder_name(name)
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            implementation=name,
            folder=folder.resolve(),
            mode="loop" if is_baseline else way.mode,
            match=arguments.match,
            tests_folder=arguments.tests_folder,
            tests_of=str(arguments.tests_of.resolve()) if arguments.tests_of else "",
            test_seconds_max=arguments.test_seconds_max,
            records=is_baseline,
            expects_failure=expected[name],
        )
        found[name] = run_module(settings, module)
        if is_baseline:
            baseline[module] = found[name]
            if not arguments.match and module not in ELSEWHERE:
                reference.keep_outcomes(arguments.results / reference.FOLDER, module, found[name])
    return ModuleResult(module, found, grades(found[STANDARD_LIBRARY]))


def folder_name(implementation: str) -> str:
    return implementation.replace(":", "-")


def save(arguments: Arguments, way: Way, results: list[ModuleResult]) -> None:
    for name in way.implementations:
        file = arguments.results / f"{folder_name(name)}.jsonl"
        outcomes.save(file, (each for result in results for each in result.outcomes[name]))


def conclude(
    arguments: Arguments,
    way: Way,
    results: list[ModuleResult],
    known: KnownDifferences,
    tests: Reference | None = None,
) -> tuple[int, str]:
    """Says what differs, writes the page, and decides: an exit status and a line that says why."""
    if not any(result.tally(name).run for result in results for name in way.implementations):
        return 2, "no test was run"
    verdict = None
    if way.implementation != STANDARD_LIBRARY:
        verdict = judge(results, STANDARD_LIBRARY, way.implementation, known)
    section = page.Section(
        heading=page.heading(PYTHON, way.mode, tests.python if tests else ""),
        python=", ".join(describe(name, tests) for name in way.implementations),
        titles={name: title(name) for name in way.implementations},
        results=results,
        tested=way.implementation,
        verdict=verdict,
    )
    if arguments.page is not None:
        before = arguments.page.read_text(encoding="utf-8") if arguments.page.exists() else ""
        arguments.page.parent.mkdir(parents=True, exist_ok=True)
        merged = page.merge(before, section.heading, page.render(section))
        arguments.page.write_text(merged, encoding="utf-8")
        print(f"page: {arguments.page}")
    if verdict is None:
        return 0, "nothing was compared"
    report(verdict, arguments.verbose)
    return bool(
        verdict.unexpected
    ), f"{len(verdict.unexpected)} unexpected, {len(verdict.known)} known differences"


def report(verdict: Verdict, verbose: bool) -> None:
    """Prints the verdict."""
    for kind, numbers in verdict.by_reason().items():
        print(f"known: {sum(numbers.values())} tests, {kind}")
    if verbose:
        for outcome, difference in verdict.known:
            print(f"  {outcome.test} ({outcome.outcome}): {outcome.last_line} -- {difference.reason}")
    for difference in verdict.unused:
        print(f"not needed: {difference.pattern} ({difference.reason}) covers no failure")
    for test in verdict.undecided:
        print(f"undecided: {test} fails on the standard library too")
    missing = Counter(each.module for each in verdict.unexpected if each.outcome == "missing")
    for module, number in missing.items():
        print(f"DIFFERS: {number} tests of {module} did not run")
    for outcome in verdict.unexpected:
        if outcome.outcome == "missing" and not verbose:
            continue
        grade = verdict.grade(outcome.test)
        print(f"DIFFERS: {outcome.test} ({outcome.outcome}, {grade}): {outcome.last_line}")
        if verbose:
            print(outcome.message)


def title(implementation: str) -> str:
    return "standard library" if implementation == STANDARD_LIBRARY else implementation


def describe(implementation: str, tests: Reference | None = None) -> str:
    """The implementation with its version, where that is known."""
    if tests is not None:
        if implementation == STANDARD_LIBRARY:
            return f"CPython {tests.version} with its own tests"
        return f"{describe(implementation)} with the same tests on CPython {platform.python_version()}"
    if implementation == STANDARD_LIBRARY:
        return f"CPython {platform.python_version()}"
    package = implementation.partition(":")[0].partition(".")[0]
    try:
        return f"{implementation} {version(package)}"
    except PackageNotFoundError:
        return implementation
