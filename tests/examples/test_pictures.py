"""The pictures of the guide are those of a run of its programs, and the page shows every one of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
DRAW = """
import runpy, sys, json
made = runpy.run_path({program!r}, run_name="drawing")["pictures"]()
json.dump(made, sys.stdout)
"""


def draw_anew() -> dict[str, str]:
    source = DRAW.format(program=str(DOCS / "drawing" / "__main__.py"))
    ran = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=30, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return json.loads(ran.stdout)  # type: ignore[no-any-return]


@pytest.mark.timeout(150)
def test_pictures_are_those_of_a_run_of_the_programs_in_the_page() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "pictures").glob("*.svg")}
    # A machine that stalls for a tenth of a second makes two timers due at once: then the run is another one.
    for _ in range(4):
        drawn = draw_anew()
        if drawn == kept:
            break
    assert drawn == kept, "`make pictures` draws them anew"


def test_page_shows_every_picture_in_order() -> None:
    shown = re.findall(r"\(pictures/([^)]+)\)", (DOCS / "guide.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(path.name for path in (DOCS / "pictures").glob("*.svg"))
    assert shown == sorted(shown, key=lambda name: (name.startswith("bakery"), name))
