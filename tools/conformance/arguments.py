"""What the command line says."""

from __future__ import annotations

import argparse
import re
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from .known_differences import LIST
from .swap import STANDARD_LIBRARY

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance.md"
BESIDE = "uvloop"
# What is tested unless said otherwise, each way.
TESTED = {"loop": "ouroloop", "ns": "ouroloop.asyncio"}

_DESCRIPTION = """\
Runs CPython's own asyncio tests, those of the Python that runs this, on another implementation and on the
standard library, and says which tests pass there and not here. There are two ways: the loop swapped under the
standard library's asyncio, and the whole namespace swapped. Fails when such a test is not on the list of known
differences.
"""
_EPILOG = """\
examples:
  python -m tools.conformance                                    every module, both ways, and the page
  python -m tools.conformance --modules test_locks,test_queues   two modules; the page stays as it is
  python -m tools.conformance --match test_cancel                only tests whose name has this in it
  python -m tools.conformance --mode ns                          only with the whole namespace swapped
  python -m tools.conformance --mode loop --impl uvloop          another loop
  python3.11 -m tools.conformance --tests-of build/conformance/cp315/reference
                                                                 3.15's tests on 3.11, the namespace swapped
"""


@dataclass(frozen=True)
class Way:
    """One way to put an implementation where the tests look for asyncio."""

    mode: str
    implementation: str
    # Others that run for comparison and decide nothing.
    beside: tuple[str, ...] = ()

    @property
    def implementations(self) -> list[str]:
        """In the order they run in, the standard library first, because it decides what must pass."""
        return list(dict.fromkeys([STANDARD_LIBRARY, self.implementation, *self.beside]))


@dataclass(frozen=True)
class Arguments:
    """A run as the command line asks for it."""

    ways: tuple[Way, ...]
    modules: tuple[str, ...]
    match: str
    jobs: int
    test_seconds_max: float
    tests_folder: str
    tests_of: Path | None
    known_differences: Path
    page: Path | None
    results: Path
    verbose: bool


def parse(words: Sequence[str] | None = None) -> Arguments:
    """Reads the command line; a mistake in it ends the program with its usage."""
    parser = _make_parser()
    given = parser.parse_args(words)
    if given.impl and given.mode == "both":
        parser.error("--impl needs --mode loop or --mode ns: another one is tested each way")
    if given.tests_of and given.mode == "loop":
        parser.error(
            "--tests-of needs --mode ns: an older asyncio cannot pass a newer one's tests on any loop"
        )
    modes = list(TESTED) if given.mode == "both" else [given.mode]
    if given.tests_of:
        modes = ["ns"]
    is_whole = not given.modules and not given.match and given.impl != STANDARD_LIBRARY
    return Arguments(
        ways=tuple(_way(mode, given.impl, given.beside) for mode in modes),
        modules=given.modules,
        match=given.match,
        jobs=given.jobs,
        test_seconds_max=given.timeout,
        tests_folder=given.tests_dir,
        tests_of=given.tests_of,
        known_differences=given.known,
        page=given.page or (PAGE if is_whole and not given.no_page else None),
        results=given.results or Path(tempfile.mkdtemp(prefix="conformance-")),
        verbose=given.verbose,
    )


def _way(mode: str, implementation: str | None, beside: tuple[str, ...] | None) -> Way:
    if mode != "loop":
        # What only has a loop has nothing to say about the namespace.
        beside = ()
    elif beside is None:
        beside = (BESIDE,) if find_spec(BESIDE) else ()
    return Way(mode, implementation or TESTED[mode], beside)


def _names(word: str) -> tuple[str, ...]:
    return tuple(part for part in word.split(",") if part)


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is not positive")
    return number


def _duration(word: str) -> float:
    seconds = float(word)
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError(f"{word} is not between 0 and 600 seconds")
    return seconds


def _pattern(word: str) -> str:
    try:
        re.compile(word)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{word!r} is no regular expression: {error}") from None
    return word


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.conformance",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_choice(parser)
    _add_running(parser.add_argument_group("running"))
    _add_results(parser.add_argument_group("results"))
    return parser


def _add_choice(group: argparse.ArgumentParser) -> None:
    add = group.add_argument
    add(
        "--impl",
        metavar="MODULE",
        help="what to test: a module with new_event_loop, or MODULE:FACTORY "
        f"(default: {', '.join(TESTED.values())})",
    )
    add(
        "--mode",
        choices=["both", *TESTED],
        default="both",
        help="swap the loop under the standard library's asyncio, or all of asyncio (default: both)",
    )
    add(
        "--beside",
        type=_names,
        metavar="A,B",
        help=f"other loops to run for comparison; they decide nothing (default: {BESIDE}, where installed)",
    )
    add("--modules", type=_names, default=(), metavar="A,B", help="test modules to run (default: all)")
    add("--match", type=_pattern, default="", metavar="REGEX", help="only tests whose name it is found in")


def _add_running(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--jobs", type=_positive, default=1, metavar="N", help="modules at once (default: 1)")
    add("--timeout", type=_duration, default=20.0, metavar="S", help="for one test, in seconds (default: 20)")
    add(
        "--tests-of",
        type=Path,
        metavar="FOLDER",
        help="another Python's tests, with what its standard library made of them: the folder `reference` "
        "that a run on that Python leaves among its results",
    )
    add("--tests-dir", default="", metavar="FOLDER", help="what has CPython's `test` package, if not Python")


def _add_results(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--known", type=Path, default=LIST, metavar="FILE", help="the list of known differences")
    add("--page", type=Path, metavar="FILE", help="the page (default: docs/conformance.md, for whole runs)")
    add("--no-page", action="store_true", help="leave the page as it is")
    add("--results", type=Path, metavar="FOLDER", help="for outcomes and logs (default: a new one)")
    add("--verbose", action="store_true", help="show the message of every difference, known ones too")
