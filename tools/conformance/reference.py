"""What a run leaves for other Pythons: the tests of this one, and what became of each on its standard library.

A folder with `test_asyncio`, the certificates and support files that those tests need, `outcomes` a module, and the
Python's `version`. It is all that another Python needs to run these tests.
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from . import outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .outcomes import Outcome

FOLDER = "reference"
_TESTS = "test_asyncio"
_NEEDED = ("support", "certdata")


class Reference:
    """Another Python's tests, with the outcomes that decide what must pass."""

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError where no run has left any."""
        self.folder = folder
        try:
            self.version = (folder / "version").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise FileNotFoundError(
                f"no tests in {folder}: run `make conformance` with that Python first, which leaves them there"
            ) from None

    @property
    def python(self) -> str:
        """The minor version, as "3.15"."""
        return ".".join(self.version.split(".")[:2])

    def modules(self) -> list[str]:
        """The short names of the modules that ran to their end."""
        return sorted(file.stem for file in (self.folder / "outcomes").glob("*.jsonl"))

    def outcomes(self, module: str) -> list[Outcome]:
        return outcomes.load(self.folder / "outcomes" / f"{module}.jsonl")


def keep_tests(folder: Path) -> None:
    """Copies the running Python's asyncio tests."""
    spec = importlib.util.find_spec(f"test.{_TESTS}")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("this Python came without its tests")
    source = Path(spec.origin).parent
    shutil.rmtree(folder / _TESTS, ignore_errors=True)
    for name in (_TESTS, *_NEEDED):
        if (source.parent / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source.parent / name, folder / name, ignore=ignored, dirs_exist_ok=True)
    (folder / "version").write_text(platform.python_version() + "\n", encoding="utf-8")


def keep_outcomes(folder: Path, module: str, found: Iterable[Outcome]) -> None:
    """Writes what became of one module's tests on the standard library."""
    (folder / "outcomes").mkdir(parents=True, exist_ok=True)
    outcomes.save(folder / "outcomes" / f"{module}.jsonl", found)
