"""What measures tasks, threads and processes for docs/choosing.md, each way once and small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
SMALL = """
import json, sys
sys.path.insert(0, {folder!r})
import subjects
subjects.WAITS, subjects.WAIT_SECONDS, subjects.SUMS, subjects.SUM_TERMS = 20, 0.05, 2, 20_000
subjects.STARTS.update(task=100, thread=10, process=2)
if __name__ == "__main__":
    figures = {{name: {{way: run() for way, run in ways.items()}} for name, ways in subjects.SUBJECTS.items()}}
    json.dump(figures, sys.stdout)
"""


def test_every_way_gives_its_figures(tmp_path: Path) -> None:
    program = tmp_path / "small.py"
    program.write_text(SMALL.format(folder=str(DOCS / "measuring")), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=50, check=False
    )
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout)
    assert {name: list(ways) for name, ways in figures.items()} == {
        "waiting": ["tasks", "threads"],
        "sums": ["tasks", "threads", "processes"],
        "pauses": [
            "work in a coroutine",
            "work in a thread",
            "work in a process",
            "a blocking wait in a thread",
        ],
        "starting": ["tasks", "threads", "processes"],
        "passing": ["tasks", "threads", "processes"],
    }
    assert all(each["seconds"] >= 0.05 for each in figures["waiting"].values())
    assert all(each["us_each"] > 0 for name in ("starting", "passing") for each in figures[name].values())


def test_page_has_the_figures_between_its_marks() -> None:
    page = (DOCS / "choosing.md").read_text(encoding="utf-8")
    measured = page.partition("<!-- measured: begin -->")[2].partition("<!-- measured: end -->")[0]
    assert measured.count("\n| ") == 7 + 6
    assert "medians of 5 runs" in measured
