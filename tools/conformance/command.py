"""Runs the modules one after another, says how far it is, and ends with the verdict."""

from __future__ import annotations

import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from . import known_differences, outcomes, page
from .arguments import parse
from .comparison import ModuleResult, judge
from .driver import Settings, run_module
from .selection import MODULES_LEFT_OUT, test_modules
from .swap import STANDARD_LIBRARY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .arguments import Arguments
    from .comparison import Verdict
    from .known_differences import KnownDifferences

PYTHON = ".".join(platform.python_version_tuple()[:2])


def main(words: Sequence[str] | None = None) -> int:
    """The command's exit status: 1 when a test fails that should not, 2 when nothing could be run."""
    arguments = parse(words)
    try:
        known = known_differences.load(PYTHON, arguments.known_differences)
        modules = choose_modules(arguments)
    except (OSError, ValueError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    names = ", ".join(arguments.implementations)
    print(f"CPython {platform.python_version()}, {len(modules)} modules, on {names}", flush=True)
    results: list[ModuleResult] = []
    try:
        for result in run_all(arguments, modules, known):
            results.append(result)  # noqa: PERF402
    except KeyboardInterrupt:
        print("conformance: interrupted", file=sys.stderr)
        return 130
    save(arguments, results)
    return conclude(arguments, results, known)


def choose_modules(arguments: Arguments) -> list[str]:
    """The modules to run; raises ValueError when one that was asked for is not there."""
    if arguments.tests_folder:
        sys.path.insert(0, arguments.tests_folder)
    existing = test_modules()
    for name in arguments.modules:
        if name in MODULES_LEFT_OUT:
            raise ValueError(f"{name} is left out: {MODULES_LEFT_OUT[name]}")
        if name not in existing:
            raise ValueError(f"no such module: {name} (there are {', '.join(existing)})")
    return list(arguments.modules) or existing


def run_all(arguments: Arguments, modules: list[str], known: KnownDifferences) -> Iterator[ModuleResult]:
    """Runs each module on every implementation, with a line for each as it is done."""

    def run(module: str) -> tuple[ModuleResult, float]:
        started = time.monotonic()
        return run_everywhere(arguments, module, known), time.monotonic() - started

    width = max(map(len, modules))
    with ThreadPoolExecutor(arguments.jobs) as pool:
        try:
            for number, (result, seconds) in enumerate(pool.map(run, modules), 1):
                passed = "  ".join(
                    f"{name} {result.tally(name).passed}/{result.tally(name).run}"
                    for name in arguments.implementations
                )
                position = f"[{number:{len(str(len(modules)))}}/{len(modules)}]"
                print(f"{position} {result.module:{width}}  passed: {passed}  ({seconds:.0f} s)", flush=True)
                yield result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def run_everywhere(arguments: Arguments, module: str, known: KnownDifferences) -> ModuleResult:
    """One module on each implementation in turn."""
    expected = {
        # What others do decides nothing, and much of their time would go to tests that hang.
        **dict.fromkeys(arguments.beside, lambda _test: True),
        arguments.implementation: lambda test: known.find(test) is not None,
        STANDARD_LIBRARY: lambda _test: False,
    }
    found = {}
    for name in arguments.implementations:
        folder = arguments.results / name.replace(":", "-")
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            implementation=name,
            folder=folder.resolve(),
            mode="loop" if name == STANDARD_LIBRARY else arguments.mode,
            match=arguments.match,
            tests_folder=arguments.tests_folder,
            test_seconds_max=arguments.test_seconds_max,
            expects_failure=expected[name],
        )
        found[name] = run_module(settings, module)
    return ModuleResult(module, found)


def save(arguments: Arguments, results: list[ModuleResult]) -> None:
    for name in arguments.implementations:
        file = arguments.results / f"{name.replace(':', '-')}.jsonl"
        outcomes.save(file, (each for result in results for each in result.outcomes[name]))
    print(f"outcomes and logs: {arguments.results}")


def conclude(arguments: Arguments, results: list[ModuleResult], known: KnownDifferences) -> int:
    """Says what differs, writes the page, and decides."""
    if not any(result.tally(name).run for result in results for name in arguments.implementations):
        print("conformance: no test was run", file=sys.stderr)
        return 2
    verdict = None
    if arguments.implementation != STANDARD_LIBRARY:
        verdict = judge(results, STANDARD_LIBRARY, arguments.implementation, known)
    section = page.Section(
        heading=page.heading(PYTHON, arguments.mode),
        python=", ".join(describe(name) for name in arguments.implementations),
        titles={name: title(name) for name in arguments.implementations},
        results=results,
        tested=arguments.implementation,
        verdict=verdict,
    )
    if arguments.page is not None:
        before = arguments.page.read_text(encoding="utf-8") if arguments.page.exists() else ""
        arguments.page.parent.mkdir(parents=True, exist_ok=True)
        merged = page.merge(before, section.heading, page.render(section))
        arguments.page.write_text(merged, encoding="utf-8")
        print(f"page: {arguments.page}")
    return report(verdict, arguments.verbose) if verdict is not None else 0


def report(verdict: Verdict, verbose: bool) -> int:
    """Prints the verdict; 1 when there is a difference that is not known."""
    for kind, number in verdict.by_reason().items():
        print(f"known: {number} tests, {kind}")
    if verbose:
        for outcome, difference in verdict.known:
            print(f"  {outcome.test} ({outcome.outcome}): {outcome.last_line} -- {difference.reason}")
    for difference in verdict.unused:
        print(f"not needed: {difference.pattern} ({difference.reason}) covers no failure")
    for test in verdict.undecided:
        print(f"undecided: {test} fails on the standard library too")
    for outcome in verdict.unexpected:
        print(f"DIFFERS: {outcome.test} ({outcome.outcome}): {outcome.last_line}")
        if verbose:
            print(outcome.message)
    print(f"{len(verdict.unexpected)} unexpected, {len(verdict.known)} known differences")
    return 1 if verdict.unexpected else 0


def title(implementation: str) -> str:
    return "standard library" if implementation == STANDARD_LIBRARY else implementation


def describe(implementation: str) -> str:
    """The implementation with its version, where that is known."""
    if implementation == STANDARD_LIBRARY:
        return f"CPython {platform.python_version()}"
    package = implementation.partition(":")[0].partition(".")[0]
    try:
        return f"{implementation} {version(package)}"
    except PackageNotFoundError:
        return implementation
