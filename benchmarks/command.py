"""The command: find the peers, build what measures them, run the questions, write the page."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Never

from benchmarks.arguments import parse
from benchmarks.compiler import BuildError, Native, build_native
from benchmarks.machine import choose_cores, raise_open_files
from benchmarks.peers import find_contenders
from benchmarks.progress import Progress
from benchmarks.question import Workbench
from benchmarks.questions import QUESTIONS
from benchmarks.record import Book, BookError, Record, replace_text
from benchmarks.report import render
from benchmarks.run import Run, expected_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.arguments import Arguments
    from benchmarks.question import Question, Settings
    from benchmarks.record import Contender

STOPPED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, 1 for an error, 130 when it was stopped by hand."""
    arguments = parse(words)
    try:
        book = Book() if arguments.fresh else Book.load(arguments.results)
    except BookError as error:
        return _refuse(f"{error}; --fresh starts over")
    if arguments.render_only:
        _write(arguments, book)
        return 0
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _measure(arguments, book)
    except KeyboardInterrupt:
        return _refuse("stopped before anything was measured", STOPPED)


def _measure(arguments: Arguments, book: Book) -> int:
    questions = [QUESTIONS[name] for name in arguments.questions]
    native, cannot_build = _build(questions, arguments.settings)
    if cannot_build:
        _tell(f"Without the load generator: {cannot_build}")
    _tell("Looking for the peers")
    contenders = find_contenders(arguments.peers)
    for contender in contenders:
        _tell(f"  {contender.name}: {_describe(contender)}")
    present = [contender.name for contender in contenders if not contender.missing]
    if not present:
        return _refuse("none of the loops runs on this Python")

    def keep(record: Record) -> None:
        book.add(record)
        _write(arguments, book)

    bench = Workbench(arguments.settings, choose_cores(), raise_open_files(), native, cannot_build)
    progress = Progress(expected_seconds(questions, present, bench))
    completed = Run(questions, contenders, bench, progress, keep).run()
    _tell(f"Written: {arguments.page} and {arguments.results}")
    if not completed:
        return STOPPED
    return 1 if cannot_build else 0


def _build(questions: Sequence[Question], settings: Settings) -> tuple[Native | None, str]:
    """The native programs, or the reason why there are none: some questions do without."""
    if not any(question.needs_native(case) for question in questions for case in question.cases(settings)):
        return None, ""
    try:
        return build_native(), ""
    except BuildError as error:
        return None, str(error)


def _describe(contender: Contender) -> str:
    return f"missing, {contender.missing}" if contender.missing else contender.version


def _write(arguments: Arguments, book: Book) -> None:
    book.save(arguments.results)
    replace_text(arguments.page, render(book, QUESTIONS))


def _stop(_signal: int, _frame: object) -> Never:
    raise KeyboardInterrupt


def _refuse(message: str, status: int = 1) -> int:
    _tell(f"benchmarks: {message}")
    return status


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
