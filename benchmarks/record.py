"""What a run writes down: one record for each question and Python version, kept as JSON beside the page.

A record holds every sample and all that is needed to render it, so the page can be made again, by a later
version too, without measuring anew. A book is the records of one file; a new record takes the place of the
older one that answers the same question on the same Python.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Better

FORMAT = 1

# A table's rows are the peers, compared by the first metric; or the metrics, with a column for each peer.
Layout = Literal["peers", "metrics"]


class BookError(Exception):
    """The file of an earlier run is not one that this version understands."""


@dataclass(frozen=True)
class Metric:
    """One figure that a sample has: its key there, and how a table shows it."""

    key: str
    heading: str
    unit: str = ""
    better: Better = "neither"


@dataclass(frozen=True)
class Case:
    """One set of conditions under which a question is asked: a table of its own."""

    key: str
    title: str
    metrics: tuple[Metric, ...]
    parameters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Contender:
    """A peer as this Python has it: its version, or the reason why it takes no part."""

    name: str
    version: str = ""
    missing: str = ""
    note: str = ""


@dataclass(frozen=True)
class Sample:
    """What one peer did in one round: figures by metric key, and for each metric that has none the reason.

    A sample that failed as a whole has its reason under the empty key.
    """

    case: str
    peer: str
    round: int
    figures: dict[str, float] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass
class Record:
    """The answer to one question on one Python."""

    question: str
    title: str
    about: str
    layout: Layout
    baseline: str
    limits: list[str]
    contenders: list[Contender]
    cases: list[Case]
    rounds: int
    conditions: dict[
        str, str
    ]  # machine, Python, cores, date, parameters: what a reader needs to judge the figures
    samples: list[Sample] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unfinished: str = ""  # why there is not all that was asked for

    @property
    def python(self) -> str:
        return self.conditions["python"]

    @property
    def identity(self) -> tuple[str, str]:
        """The question and the minor version of Python: a book has one record of each."""
        return self.question, ".".join(self.python.split()[-1].split(".")[:2])

    def values(self, case: str, peer: str, metric: str) -> dict[int, float]:
        """The figures of one metric by round."""
        return {
            sample.round: sample.figures[metric]
            for sample in self.samples
            if sample.case == case and sample.peer == peer and metric in sample.figures
        }


def _record_from(data: dict[str, Any]) -> Record:
    cases = [
        Case(**{**case, "metrics": tuple(Metric(**metric) for metric in case["metrics"])})
        for case in data["cases"]
    ]
    contenders = [Contender(**contender) for contender in data["contenders"]]
    samples = [Sample(**sample) for sample in data["samples"]]
    known = {key: value for key, value in data.items() if key != "limit"}
    if "limit" in data:  # a file of the time when there was one at most
        known["limits"] = [data["limit"]] if data["limit"] else []
    return Record(**{**known, "cases": cases, "contenders": contenders, "samples": samples})


def _lay_out(record: Record) -> str:
    """JSON with a line for each sample, so that a file of thousands can be read and compared by lines."""
    head = asdict(record)
    samples = ",\n  ".join(json.dumps(sample) for sample in head.pop("samples"))
    return f'{json.dumps(head)[:-1]}, "samples": [\n  {samples}\n]}}'


class Book:
    """The records of one JSON file."""

    def __init__(self, records: list[Record] | None = None) -> None:
        self.records = records or []

    @classmethod
    def load(cls, path: Path) -> Book:
        """Reads the file; an absent one is an empty book.

        Raises:
            BookError: the file is not JSON, or was written in another format.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise BookError(f"{path} has format {data['format']}, not {FORMAT}")
            return cls([_record_from(record) for record in data["records"]])
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError) as error:
            raise BookError(f"{path} is not a file of earlier results: {error!r}") from error

    def add(self, record: Record) -> None:
        """Takes the record in; one without samples only where nothing better stands."""
        for place, known in enumerate(self.records):
            if known.identity == record.identity:
                if record.samples or not known.samples:
                    self.records[place] = record
                return
        self.records.append(record)

    def save(self, path: Path) -> None:
        records = ",\n".join(_lay_out(record) for record in self.records)
        replace_text(path, f'{{"format": {FORMAT}, "records": [\n{records}\n]}}\n')


def replace_text(path: Path, text: str) -> None:
    """Writes the file whole or not at all: a run that is stopped leaves the earlier one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)
