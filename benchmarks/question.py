"""What a question is: conditions to ask it under, and how one peer answers once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from benchmarks.peers import LOOPS
from benchmarks.record import Case, Sample

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.compiler import Native, Secure
    from benchmarks.machine import Cores
    from benchmarks.record import Layout

# Whom nobody is expected to overtake: what the machine can do, and what a loop can that calls Python code.
C_SERVER = "C, epoll"
FLOOR = "C extension, the floor"


@dataclass(frozen=True)
class Settings:
    """How much to measure: what the command line says about every question."""

    rounds: int = 5
    seconds: float = 0.7
    warm_seconds: float = 0.2
    # None: what the question's own grid of cases has.
    connections: tuple[int, ...] | None = None
    sizes: tuple[int, ...] | None = None
    pipeline: int | None = None
    busy: bool = False
    brief: bool = False  # the cases that the goals of the project need, and few others
    scale_connections: int = 10_000
    scale_items: int = 100_000
    growth_items: int = 1_000_000
    starts: int = 5
    share: int = 1  # of the primitives' operations, one in so many is done


@dataclass(frozen=True)
class Workbench:
    """What a measurement is made with."""

    settings: Settings
    cores: Cores
    open_files_max: int
    native: Native | None
    cannot_build: str = ""  # why there are no native programs
    secure: Secure | None = None
    cannot_secure: str = ""  # why there are none with TLS
    floor: Path | None = None  # the C extension, built for the running Python
    cannot_build_floor: str = ""

    def why_missing(self, limit: str) -> str:
        """Why a limit takes no part, or nothing. Without the C server no question is asked that has it."""
        return self.cannot_build_floor if limit == FLOOR else ""


@dataclass
class Outcome:
    """What a peer did once: figures by metric key, and reasons for those that are missing."""

    figures: dict[str, float] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def sample(self, case: Case, peer: str, turn: int) -> Sample:
        figures = {key: float(f"{figure:.6g}") for key, figure in self.figures.items()}
        return Sample(case.key, peer, turn, figures, self.problems)


class Question(ABC):
    """A question of the benchmark."""

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    layout: ClassVar[Layout] = "metrics"
    limits: ClassVar[tuple[str, ...]] = ()  # beside the peers: what can be reached at all
    peers: ClassVar[tuple[str, ...]] = LOOPS
    unfit: ClassVar[str] = ""  # who cannot be asked, and why

    @abstractmethod
    def cases(self, settings: Settings) -> list[Case]:
        """The conditions, each of which is a table."""

    @abstractmethod
    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        """Lets the peer answer once.

        Raises:
            ChildError: it could not.
        """

    @abstractmethod
    def expected_seconds(self, case: Case, settings: Settings) -> float:
        """Roughly how long `measure` takes: only the estimate of the time left rests on it."""

    def lacks(self, case: Case, bench: Workbench) -> str:
        """Why the case cannot be measured with what there is, or nothing."""
        return ""

    def possible_cases(self, bench: Workbench) -> list[Case]:
        """The cases that can be measured with what there is."""
        return [case for case in self.cases(bench.settings) if not self.lacks(case, bench)]

    def takes_part(self, case: Case, peer: str) -> bool:
        return True

    def notes(self, bench: Workbench) -> list[str]:
        """What a reader must know about this run of the question beyond the usual."""
        return []
