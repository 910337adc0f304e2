"""What the command line says."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.child import ROOT
from benchmarks.peers import PEERS
from benchmarks.question import Settings
from benchmarks.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = ROOT / "docs" / "benchmarks.md"
TRIAL_PAGE = ROOT / "build" / "benchmarks" / "trial.md"

_QUICK = Settings(rounds=3, seconds=0.35, warm_seconds=0.15, brief=True, starts=3)
_TRIAL = Settings(
    rounds=1,
    seconds=0.1,
    warm_seconds=0.05,
    brief=True,
    scale_connections=1000,
    scale_items=10_000,
    growth_items=10_000,
    starts=1,
    share=10,
)

_DESCRIPTION = """\
Measures the event loops that the running Python has, interleaved, and writes a page with the medians, their
spread and paired ratios. A question that was measured takes its place in the page; what the page says of
other questions, and of other Pythons, stays. Ctrl-C ends a run early and keeps what it has.
"""


@dataclass(frozen=True)
class Arguments:
    """A run as the command line asks for it."""

    questions: tuple[str, ...]
    peers: tuple[str, ...]
    settings: Settings
    page: Path
    results: Path
    fresh: bool
    render_only: bool


def parse(words: Sequence[str] | None = None) -> Arguments:
    """Reads the command line; a mistake in it ends the program with its usage."""
    parser = _make_parser()
    given = parser.parse_args(words)
    unknown = [name for name in given.questions if name not in QUESTIONS]
    if unknown:
        parser.error(f"no such question: {', '.join(unknown)} (there are {', '.join(QUESTIONS)})")
    page = given.out or (TRIAL_PAGE if given.trial else PAGE)
    return Arguments(
        questions=tuple(name for name in QUESTIONS if not given.questions or name in given.questions),
        peers=given.peers,
        settings=_settings(given),
        page=page,
        results=given.json or page.with_suffix(".json"),
        fresh=given.fresh,
        render_only=given.render,
    )


def _settings(given: argparse.Namespace) -> Settings:
    standard = _TRIAL if given.trial else _QUICK if given.quick else Settings()
    return replace(
        standard,
        rounds=given.rounds or standard.rounds,
        seconds=given.seconds or standard.seconds,
        warm_seconds=standard.warm_seconds if given.warm is None else given.warm,
        connections=given.conns,
        sizes=given.sizes,
        pipeline=given.pipeline,
        busy=given.busy,
    )


def _positive(word: str) -> int:
    number = int(word.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is not positive")
    return number


def _positive_list(word: str) -> tuple[int, ...]:
    return tuple(_positive(part) for part in word.split(","))


def _duration(word: str) -> float:
    seconds = float(word)
    if not 0 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{word} is not between 0 and 600 seconds")
    return seconds


def _peers(word: str) -> tuple[str, ...]:
    names = tuple(word.split(","))
    for name in names:
        if name not in PEERS:
            raise argparse.ArgumentTypeError(f"no such peer: {name!r} (there are {', '.join(PEERS)})")
    return names


def _make_parser() -> argparse.ArgumentParser:
    listing = "\n".join(f"  {name:<12}{question.title}" for name, question in QUESTIONS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=_DESCRIPTION,
        epilog=f"questions:\n{listing}\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_choice(parser)
    _add_echo(parser.add_argument_group("echo questions"))
    _add_results(parser.add_argument_group("results"))
    return parser


def _add_choice(group: argparse.ArgumentParser) -> None:
    group.add_argument(
        "questions", nargs="*", metavar="QUESTION", help="what to measure (default: every question)"
    )
    group.add_argument("--rounds", type=_positive, metavar="N", help="rounds of each question (default: 5)")
    group.add_argument(
        "--quick",
        action="store_true",
        help="three rounds of shorter measurements, and of the cases that the goals need: 20 minutes",
    )
    group.add_argument(
        "--trial",
        action="store_true",
        help="one round, too short to mean anything, to see that it works; writes build/benchmarks/trial.md",
    )
    group.add_argument(
        "--peers",
        type=_peers,
        default=PEERS,
        metavar="A,B",
        help=f"what to measure (default: {','.join(PEERS)})",
    )


def _add_echo(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--conns", type=_positive_list, metavar="N,N", help="connections (default: each question's own)")
    add(
        "--sizes",
        type=_positive_list,
        metavar="B,B",
        help="bytes of a message (default: each question's own)",
    )
    add("--pipeline", type=_positive, metavar="N", help="messages in flight (default: each question's own)")
    add("--seconds", type=_duration, metavar="S", help="time for a figure (default: 0.7)")
    add("--warm", type=_duration, metavar="S", help="warm-up before it (default: 0.2)")
    add("--busy", action="store_true", help="a load generator that never sleeps, like many remote clients")


def _add_results(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--out", type=Path, metavar="FILE", help="the page (default: docs/benchmarks.md)")
    add("--json", type=Path, metavar="FILE", help="the samples (default: beside the page)")
    add("--fresh", action="store_true", help="forget the results of earlier runs")
    add("--render", action="store_true", help="write the page from the samples; measure nothing")
