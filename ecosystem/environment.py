"""What a library's suite runs in: a virtual environment of its own, and what its source distribution has of tests."""

from __future__ import annotations

import hashlib
import html
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.parse
import urllib.request
import zlib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ecosystem.recipe import Recipe

PIP_SECONDS_MAX = 900
DOWNLOAD_SECONDS_MAX = 60
# Every suite runs under these; what a recipe pins goes before.
TOOLS = ["pytest", "pytest-timeout>=2.4,<3"]
UVLOOP = "uvloop==0.23.0"
INDEX = "https://pypi.org/simple"


class PreparationError(Exception):
    """A library cannot be run here; the text says which, why, and what to do."""


class Environment:
    """The folder of one library under build/ecosystem."""

    def __init__(self, recipe: Recipe, folder: Path, wheel: Path) -> None:
        self.recipe = recipe
        self.folder = folder / recipe.name
        self.wheel = wheel
        self.venv = self.folder / "venv"
        self.python = self.venv / "bin" / "python"
        self.suite = self.folder / "suite"

    def prepare(self) -> None:
        """Makes what is missing or was made with other ingredients. Raises PreparationError."""
        self.suite.mkdir(parents=True, exist_ok=True)
        # A suite without settings for pytest must not find ours, further up.
        (self.folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        requirements = [*self.recipe.requirements, *TOOLS]
        if "uvloop" in self.recipe.loops:
            requirements.append(UVLOOP)
        _once(self.folder / "venv.made", [sys.version, *requirements], lambda: self._make_venv(requirements))
        digest = hashlib.sha256(self.wheel.read_bytes()).hexdigest()
        _once(self.folder / "wheel.made", [sys.version, *requirements, digest], self._install_wheel)
        if self.recipe.unpack:
            unpacked = [self.recipe.requirement, *self.recipe.unpack]
            _once(self.folder / "suite.made", unpacked, self._unpack)

    def _make_venv(self, requirements: list[str]) -> None:
        (self.folder / "wheel.made").unlink(missing_ok=True)
        self._run(
            [sys.executable, "-m", "venv", "--clear", "--without-pip", str(self.venv)],
            "no virtual environment",
        )
        self._pip(["install", "--no-compile", "--prefer-binary", *requirements])

    def _install_wheel(self) -> None:
        self._pip(
            ["install", "--no-compile", "--force-reinstall", "--no-deps", "--no-index", str(self.wheel)]
        )

    def _pip(self, arguments: list[str]) -> None:
        # This Python's pip: one for each library would take longer than some suites. Nor is compiled what no test
        # imports.
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(self.python),
            "--quiet",
            "--disable-pip-version-check",
        ]
        command = [*pip, *arguments]
        version = ".".join(map(str, sys.version_info[:3]))
        self._run(command, f"cannot be installed on Python {version}")

    def _run(self, command: list[str], problem: str) -> None:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise PreparationError(f"{problem}: pip took longer than {PIP_SECONDS_MAX} s") from None
        if done.returncode:
            log = self.folder / "install.log"
            log.write_text(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}", encoding="utf-8")
            raise PreparationError(
                f"{problem}: {_complaint(done.stderr)} (all of it: {_shown(log)}). Pin a version that this "
                f"Python has in ecosystem/recipes/{self.recipe.name}.toml"
                + (", or run it with PYTHON=python3.13" if sys.version_info[:2] != (3, 13) else "")
            )

    def _unpack(self) -> None:
        archive = self.folder / "sdist.tar.gz"
        url = sdist_url(self.recipe.project, self.recipe.version)
        try:
            with (
                urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS_MAX) as source,
                archive.open("wb") as file,
            ):
                shutil.copyfileobj(source, file)
        except (OSError, http.client.HTTPException) as error:
            raise PreparationError(f"its source distribution does not arrive from {url}: {error}") from error
        shutil.rmtree(self.suite, ignore_errors=True)
        try:
            with tarfile.open(archive) as unpacked:
                unpacked.extractall(self.suite, self._wanted(unpacked), filter="data")
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise PreparationError(f"{url} is no source distribution, or not whole: {error}") from error
        for test in self.recipe.tests:
            if not (self.suite / test.partition("::")[0]).exists():
                raise PreparationError(
                    f"the source distribution has no {test}: change tests or unpack in its recipe"
                )

    def _wanted(self, archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
        """What is unpacked, without the folder that all of it stands in."""
        for member in archive:
            inside = member.name.partition("/")[2]
            if any(fnmatchcase(inside, f"{each}*") for each in self.recipe.unpack):
                yield member.replace(name=inside)


def sdist_url(project: str, version: str) -> str:
    """Where the index that pip uses has the source distribution. Raises PreparationError."""
    page = f"{os.environ.get('PIP_INDEX_URL', INDEX).rstrip('/')}/{project}/"
    request = urllib.request.Request(page, headers={"Accept": "text/html"})
    try:
        with urllib.request.urlopen(request, timeout=DOWNLOAD_SECONDS_MAX) as answer:
            links = re.findall(r'href="([^"#]+)', answer.read().decode())
    except OSError as error:
        raise PreparationError(f"the package index does not answer at {page}: {error}") from error
    file = f"{re.sub('[-_.]+', '-', project)}-{version}.tar.gz"
    for link in map(html.unescape, links):
        if link.rpartition("/")[2].replace("_", "-").replace(".", "-") == file.replace(".", "-"):
            return urllib.parse.urljoin(page, link)
    raise PreparationError(
        f"{page} has no source distribution of version {version}: pin another in its recipe"
    )


def _once(mark: Path, ingredients: list[str], make: Callable[[], None]) -> None:
    """Makes something unless it was made before of the same ingredients."""
    wanted = json.dumps(ingredients)
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        mark.unlink(missing_ok=True)
        make()
        mark.write_text(wanted, encoding="utf-8")


def _complaint(output: str) -> str:
    """What pip says first that is an error, for a line of the table."""
    errors = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.startswith("ERROR: ")]
    return (errors or output.splitlines() or ["it says nothing"])[0][:300]


def _shown(path: Path) -> str:
    return os.path.relpath(path)
