"""Draws the pictures of docs/guide.md anew, by running its programs: `make pictures`."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).parents[1]
sys.path.insert(0, str(DOCS / "drawing"))
# What the pictures of a program are named by, in the order of the programs in the page.
NAMES = ["breakfast", "bakery"]


def pictures() -> dict[str, str]:
    """The text of each picture by its file name."""
    from drawing import draw
    from recording import Recording

    page = (DOCS / "guide.md").read_text(encoding="utf-8")
    drawn = {}
    for program, name in enumerate(NAMES, 1):
        recording = Recording(page, program)
        for number, step in enumerate(recording.run()):
            drawn[f"{name}-{number}.svg"] = draw(step, number, recording.lines)
    return drawn


def main() -> None:
    folder = DOCS / "pictures"
    folder.mkdir(exist_ok=True)
    for name, text in pictures().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main()
