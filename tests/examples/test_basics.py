"""Each program of examples/basics, unchanged, each as its own process: standard library's loop and ours.

What a program must print stands in its own docstring, so that the text readers see is the text that is
tested.
"""

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

BASICS = Path(__file__).parents[2] / "examples" / "basics"
PROGRAMS = sorted(BASICS.glob("[0-9]*.py"))
MARK = "Expected output:\n\n"

# Every idea the programs are there to explain; a renamed or lost file shows here.
IDEAS = [
    "first_coroutine",
    "awaiting_in_order",
    "one_after_another",
    "tasks",
    "gather",
    "task_group",
    "futures",
    "lock",
    "semaphore",
    "event",
    "timeouts",
    "cancellation",
    "exception_groups",
    "producer_consumer",
    "executor",
    "async_iteration",
    "context_variables",
]

WAYS = {
    "standard-library": [sys.executable],
    "ouroloop": [sys.executable, "-m", "ouroloop", "run"],
}


def expected_output(program: Path) -> str:
    docstring = ast.get_docstring(ast.parse(program.read_text(encoding="utf-8")))
    assert docstring is not None
    assert MARK in docstring, f"{program.name} does not say what it prints"
    return textwrap.dedent(docstring.split(MARK, 1)[1]) + "\n"


def test_every_idea_has_its_program_in_order() -> None:
    numbered = [f"{number:02}_{idea}" for number, idea in enumerate(IDEAS, start=1)]
    assert [path.stem for path in PROGRAMS] == numbered


def test_contents_page_links_every_program() -> None:
    page = (BASICS / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in PROGRAMS if f"]({path.name})" not in page] == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_program_prints_what_its_docstring_says(program: Path, way: str) -> None:
    ran = subprocess.run(
        [*WAYS[way], str(program)], capture_output=True, text=True, timeout=60, check=False, encoding="utf-8"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, expected_output(program), "")
