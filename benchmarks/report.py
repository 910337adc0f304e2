"""Writes the page: a section for each question, in it one for each Python, in that a table for each case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import tables
from benchmarks.bars import BARS, bars_table, count_met, pythons

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from benchmarks.record import Book, Contender, Record

_HEAD = """\
# Benchmarks

<!-- Written by `python -m benchmarks` from the JSON file beside it. Changes made by hand are lost. -->

How to read the tables:

- A figure is the median of the rounds; the lowest and the highest of them stand beside it.
- *to uvloop*, *to C, epoll* and the like are medians of paired ratios: peer and reference are compared within each
  round, in which they ran shortly after one another. Above 1 is better, for times and memory too.
- *C, epoll* is what the machine can do: a server that does nothing but the system calls, in C.
- *C extension, the floor* is what a loop can do that calls Python code for each message. It runs the same protocols and
  coroutines as the loops, and does only what none of them can leave out: the system calls, the objects that the
  program sees (bytes, handles, tasks and futures with their fields, tracked by the collector), a context for each
  handle and task (ours makes one when somebody asks), the calls into Python, one line in which all that is ready
  waits. It leaves out cancellation,
  exceptions (it aborts), done callbacks, limits of buffers and back-pressure from them, signals, debug mode, servers
  that close, TLS's `close_notify`, datagrams to anybody but the last sender, and every way to look in from outside.
- *ouroloop* is our loop below the standard library's `asyncio`, as every program gets it that is told of a loop;
  *ouroloop.asyncio* is what `from ouroloop import asyncio` gives.
- All peers of a question run interleaved, who begins changes from round to round, and each measurement has a
  process of its own and a warm-up. Server and load generator have a core each. Garbage collection is as
  Python sets it up, for everyone.
"""


_BARS = """\
## The bars

What the project asks of itself. *worst* is the lowest of the medians of paired ratios among the cases, or the
highest where a figure is bounded from above, with its spread; *where* names that case; *limit there* is what the
floor reaches in the same case, or the C server where the floor is not asked; *mean* is the geometric mean of all
cases. A bar is met where the worst case reaches it. It is met by proof where the limit misses it too and ours is
no slower than the limit. Where the limit misses it and ours is slower, the verdict says how near ours comes to it.
"""


def picture_name(record: Record) -> str:
    """The name of the file with a record's picture, in the folder beside the page that has the page's name."""
    return f"{record.question}-{record.identity[1]}.svg"


def render(
    book: Book, order: Iterable[str], pictures: Collection[str] = (), folder: str = "benchmarks"
) -> str:
    """The page as Markdown.

    Args:
        book: the records.
        order: names of questions, as their sections should follow each other; unknown ones come last.
        pictures: names of the files that there are in the folder of pictures.
        folder: where that is, seen from the page.
    """
    places = {name: place for place, name in enumerate(order)}
    records = sorted(
        book.records, key=lambda each: (places.get(each.question, len(places)), each.question, _version(each))
    )
    parts = [_HEAD]
    versions = pythons(records)
    if versions:
        parts.append(_BARS)
    for version in versions:
        met, measured = count_met(book, version)
        count = f"{met} met, {measured - met} not met, {len(BARS) - measured} not measured"
        parts.append(f"### The bars, CPython {version}: {count}\n\n{bars_table(book, version)}")
    previous = ""
    for record in records:
        if record.question != previous:
            parts.append(f"## {record.title}\n\n{record.about}\n")
            previous = record.question
        name = picture_name(record)
        parts.append(_section(record, f"{folder}/{name}" if name in pictures else ""))
    if not records:
        parts.append("Nothing has been measured yet.\n")
    return "\n".join(parts)


def _version(record: Record) -> tuple[int, ...]:
    return tuple(int(part) for part in record.identity[1].split(".") if part.isdecimal())


def _section(record: Record, picture: str) -> str:
    heading = f"{record.title}, {record.python}"
    parts = [f"### {heading}\n"]
    if record.unfinished:
        parts.append(f"**Not complete: {record.unfinished}.**\n")
    if not record.samples:
        return "\n".join(parts)
    if picture:
        parts.append(f"![{heading}]({picture})\n")
    reached = {sample.case for sample in record.samples}
    for case in (case for case in record.cases if case.key in reached):
        parts.append(f"#### {case.title}\n")
        make = tables.peer_table if record.layout == "peers" else tables.metric_tables
        parts.append(make(record, case))
    parts.append(_circumstances(record))
    return "\n".join(parts)


def _circumstances(record: Record) -> str:
    rounds = max((sample.round for sample in record.samples), default=0)
    conditions = record.conditions
    there = ", ".join(
        f"{contender.name} {contender.version}" for contender in record.contenders if contender.version
    )
    when = f"{rounds} of {record.rounds} rounds on {conditions['date']}"
    where = f"{conditions['machine']}; {conditions['cores']}"
    lines = [f"{when}; {where}; {there or 'no loop'}."]
    lines += [f"Missing: {contender.name}, {contender.missing}." for contender in _missing(record)]
    lines += _problems(record)
    lines += record.notes
    return "\n".join(f"- {line}" for line in lines) + "\n"


def _missing(record: Record) -> list[Contender]:
    return [contender for contender in record.contenders if contender.missing]


def _problems(record: Record) -> list[str]:
    """What went wrong, each thing once with how often."""
    titles = {case.key: case.title for case in record.cases}
    headings = {metric.key: metric.heading for case in record.cases for metric in case.metrics}
    counts: dict[tuple[str, str, str], int] = {}
    for sample in record.samples:
        for key, reason in sample.problems.items():
            subject = titles.get(sample.case, sample.case) if not key else headings.get(key, key)
            place = (sample.peer, subject, reason)
            counts[place] = counts.get(place, 0) + 1
    return [
        f"{peer}, {subject}: {reason}" + (f" ({count} times)." if count > 1 else ".")
        for (peer, subject, reason), count in counts.items()
    ]
