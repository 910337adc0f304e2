"""The project's text files, and code read as statements.

Cython has no parser outside its compiler, so Python and Cython are both read as lines from which strings and
comments are blanked; a statement written on several lines becomes one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = "ouroloop"
FOLDERS = ("src", "tests", "tools", "benchmarks", "examples", "docs", ".ci")
SKIPPED_FOLDERS = {"__pycache__", "build", "node_modules"}
TEXT_SUFFIXES = {
    "", ".build", ".c", ".cfg", ".h", ".html", ".js", ".md", ".options", ".pxd", ".py", ".pyi", ".pyx", ".sh",
    ".toml", ".txt", ".yaml", ".yml",
}  # fmt: skip

STRING_OR_COMMENT = re.compile(
    r"#[^\n]*"
    r'|"""(?:\\.|[^\\])*?"""'
    r"|'''(?:\\.|[^\\])*?'''"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL,
)


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Statement:
    """A statement's first line on one line, however many it is written on."""

    line: int
    last_line: int
    indent: int
    text: str


@dataclass(frozen=True)
class Source:
    root: Path
    file: Path

    @property
    def path(self) -> str:
        return self.file.relative_to(self.root).as_posix()

    @cached_property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8", errors="replace")

    @cached_property
    def statements(self) -> list[Statement]:
        return list(read_statements(self.text))

    @property
    def parts(self) -> tuple[str, ...]:
        """The dotted name below the package: ("loop", "core"), ("versions",), ("__init__",)."""
        return self.file.relative_to(self.root / "src" / PACKAGE).with_suffix("").parts

    def finding(self, line: int, message: str) -> Finding:
        return Finding(self.path, line, message)


class Tree:
    """The project's text files, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def files(self) -> list[Source]:
        found = [file for file in self.root.iterdir() if file.is_file()]
        for folder in FOLDERS:
            found += (file for file in (self.root / folder).rglob("*") if file.is_file())
        return [
            Source(self.root, file)
            for file in sorted(found)
            if file.suffix in TEXT_SUFFIXES
            and not SKIPPED_FOLDERS.intersection(file.relative_to(self.root).parts)
        ]

    def code(self, *folders: str) -> list[Source]:
        """Python and Cython modules in any of the top folders."""
        return [
            each
            for each in self.files
            if each.file.suffix in (".py", ".pyx") and each.path.split("/")[0] in folders
        ]

    def package(self, *suffixes: str) -> list[Source]:
        """The package's own files with any of the suffixes."""
        start = f"src/{PACKAGE}/"
        return [each for each in self.files if each.path.startswith(start) and each.file.suffix in suffixes]


def blanked(text: str) -> str:
    """`text` with strings and comments emptied, and each line where it was."""
    return STRING_OR_COMMENT.sub(
        lambda match: '""' * (match[0][0] != "#") + "\n" * match[0].count("\n"), text
    )


def read_statements(text: str) -> Iterator[Statement]:
    pending = ""
    depth = start = indent = 0
    for number, line in enumerate(blanked(text).split("\n"), 1):
        if not pending:
            if not line.strip():
                continue
            start, indent = number, len(line) - len(line.lstrip())
        depth += sum(line.count(each) for each in "([{") - sum(line.count(each) for each in ")]}")
        pending += " " + line.strip().removesuffix("\\")
        if depth <= 0 and not line.endswith("\\"):
            yield Statement(start, number, indent, pending.strip())
            pending, depth = "", 0
