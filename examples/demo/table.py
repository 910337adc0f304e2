"""The demo's one table, as plain text."""

from collections.abc import Sequence
from dataclasses import dataclass

from figures import Summary

HEADINGS = ("server", "event loop", "requests/s", "p50 ms", "p99 ms")


@dataclass(frozen=True)
class Row:
    """A server on one loop: its figures, or why there are none."""

    server: str
    loop: str
    outcome: Summary | str


def cells(row: Row, baselines: Sequence[str]) -> list[str]:
    if isinstance(row.outcome, str):
        return [row.server, row.loop, row.outcome]
    figures = row.outcome
    ratios = [f"{figures.ratios[name]:.2f}" if name in figures.ratios else "-" for name in baselines]
    return [
        row.server,
        row.loop,
        f"{figures.rate:,.0f}",
        f"{figures.p50_ms:.2f}",
        f"{figures.p99_ms:.2f}",
        *ratios,
    ]


def render(rows: Sequence[Row], baselines: Sequence[str]) -> str:
    """The table, a ratio column for each baseline; a server's name stands at its first row only."""
    headings = [*HEADINGS, *(f"x {name}" for name in baselines)]
    body = [cells(row, baselines) for row in rows]
    widths = [
        max(len(heading), *(len(line[column]) for line in body if len(line) == len(headings)), 0)
        for column, heading in enumerate(headings)
    ]
    # A row without figures has its reason where the figures would be, and widens no column but the first two.
    for column in (0, 1):
        widths[column] = max(widths[column], *(len(line[column]) for line in body))

    def fit(line: Sequence[str]) -> str:
        padded = [
            text.ljust(width) if column < 2 or len(line) < len(headings) else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=False))
        ]
        return "  ".join(padded).rstrip()

    lines = [fit(headings), "  ".join("-" * width for width in widths)]
    previous = ""
    for line in body:
        if previous and line[0] != previous:
            lines.append("")
        lines.append(fit(line if line[0] != previous else ["", *line[1:]]))
        previous = line[0]
    return "\n".join(lines)
