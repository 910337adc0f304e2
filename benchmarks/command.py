"""The command: find the peers, build what measures them, run the questions, write the page."""

from __future__ import annotations

import functools
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Never

from benchmarks.arguments import parse
from benchmarks.compiler import BuildError, build_floor, build_native, make_secure
from benchmarks.machine import choose_cores, raise_open_files
from benchmarks.peers import find_contenders
from benchmarks.pictures import PictureError, draw
from benchmarks.progress import Progress
from benchmarks.question import FLOOR, Workbench
from benchmarks.questions import QUESTIONS
from benchmarks.record import Book, BookError, replace_text
from benchmarks.report import render
from benchmarks.run import Run, expected_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.arguments import Arguments
    from benchmarks.question import Question, Settings
    from benchmarks.record import Contender, Record

STOPPED = 130
_UNBUILT = "the native programs are not built"


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, 1 for an error, 130 when it was stopped by hand."""
    arguments = parse(words)
    try:
        book = Book() if arguments.fresh else Book.load(arguments.results)
    except BookError as error:
        return _refuse(f"{error}; --fresh starts over")
    if arguments.render_only:
        _write(arguments, book, book.records)
        return 0
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _measure(arguments, book)
    except KeyboardInterrupt:
        return _refuse("stopped before anything was measured", STOPPED)


def _measure(arguments: Arguments, book: Book) -> int:
    questions = [QUESTIONS[name] for name in arguments.questions]
    bench = _make_bench(questions, arguments.settings)
    _tell("Looking for the peers")
    contenders = find_contenders(arguments.peers)
    for contender in contenders:
        _tell(f"  {contender.name}: {_describe(contender)}")
    present = [contender.name for contender in contenders if not contender.missing]
    if not present:
        return _refuse("none of the loops runs on this Python")

    def keep(record: Record) -> None:
        book.add(record)
        _write(arguments, book, [record])

    progress = Progress(expected_seconds(questions, present, bench))
    completed = Run(questions, contenders, bench, progress, keep).run()
    _tell(f"Written: {arguments.page} and {arguments.results}")
    if not completed:
        return STOPPED
    return 1 if bench.cannot_build else 0


def _make_bench(questions: Sequence[Question], settings: Settings) -> Workbench:
    """What the questions need; or why it is not there, because the others do without."""
    bench = Workbench(settings, choose_cores(), raise_open_files(), None, _UNBUILT, None, _UNBUILT)
    if any(FLOOR in question.limits for question in questions):
        bench = _with_floor(bench)
    needed = {question.lacks(case, bench) for question in questions for case in question.cases(settings)}
    if needed == {""}:
        return replace(bench, cannot_build="", cannot_secure="")
    try:
        bench = replace(bench, native=build_native(), cannot_build="")
    except BuildError as error:
        _tell(f"Without the load generator: {error}")
        return replace(bench, cannot_build=str(error), cannot_secure=str(error))
    try:
        return replace(bench, secure=make_secure(floor=bench.floor is not None), cannot_secure="")
    except BuildError as error:
        _tell(f"Without TLS: {error}")
        return replace(bench, cannot_secure=str(error))


def _with_floor(bench: Workbench) -> Workbench:
    try:
        return replace(bench, floor=build_floor())
    except BuildError as error:
        _tell(f"Without {FLOOR}: {error}")
        return replace(bench, cannot_build_floor=str(error))


def _describe(contender: Contender) -> str:
    return f"missing, {contender.missing}" if contender.missing else contender.version


def _write(arguments: Arguments, book: Book, changed: Sequence[Record]) -> None:
    """The samples, the pictures of the records that changed, and the page with all that there are."""
    book.save(arguments.results)
    folder = arguments.page.with_suffix("")
    try:
        draw(changed, folder)
    except PictureError as error:
        _tell_once(f"Without pictures: {error}")
    there = {path.name for path in folder.glob("*.svg")}
    replace_text(arguments.page, render(book, QUESTIONS, there, folder.name))


def _stop(_signal: int, _frame: object) -> Never:
    raise KeyboardInterrupt


def _refuse(message: str, status: int = 1) -> int:
    _tell(f"benchmarks: {message}")
    return status


@functools.cache
def _tell_once(line: str) -> None:
    _tell(line)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
