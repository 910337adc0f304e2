"""A picture for each record: bars by peer, with the spread, in an SVG file.

Where peers are compared by their first figure, the picture has that, for the cases that everyone was asked in.
Where there are many figures of one case, it has their ratios to the baseline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Summary, summarize
from benchmarks.question import FLOOR
from benchmarks.report import picture_name
from benchmarks.tables import ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.record import Case, Record

# With fewer that everyone was asked in, the others are drawn too.
_CASES_MIN = 2
_CASES_MAX = 8
_COLOURS = {
    "ouroloop.asyncio": "#b3261e",
    "ouroloop": "#e46962",
    "uvloop": "#3f6fb5",
    "rloop": "#5fa55a",
    "zuvloop": "#7e57a0",
    "asyncio": "#8c8c8c",
    "aiofastnet": "#c98a1b",
    "trio": "#39a0a5",
    "curio": "#b58d3d",
    "gevent": "#6b8e23",
    FLOOR: "#6d4c41",
}
_OTHER = "#222222"

# Bars side by side: a row of them for each name on the axis.
Rows = dict[str, dict[str, Summary]]


class PictureError(Exception):
    """Nothing can be drawn with; the text says what to do."""


def draw(records: Iterable[Record], folder: Path) -> None:
    """Draws each record that has figures into the folder.

    Raises:
        PictureError: matplotlib is not installed.
    """
    for record in records:
        rows, axis = rows_of(record)
        if rows:
            folder.mkdir(parents=True, exist_ok=True)
            _draw(f"{record.title}, {record.python}", rows, axis, folder / picture_name(record))


def rows_of(record: Record) -> tuple[Rows, str]:
    """What the picture shows: a row for each case or figure, a bar for each peer; and what the axis says."""
    if record.layout == "peers":
        common = [case for case in record.cases if case.parameters.get("everyone", True)]
        cases = (common if len(common) >= _CASES_MIN else record.cases)[:_CASES_MAX]
        rows = {case.title: _figures(record, case) for case in cases}
        metric = cases[0].metrics[0] if cases else None
        axis = (
            f"{metric.heading}, {metric.unit}" if metric and metric.unit else metric.heading if metric else ""
        )
    else:
        rows = {}
        for case in record.cases:
            prefix = f"{case.title}: " if len(record.cases) > 1 else ""
            for metric in case.metrics:
                bars = {
                    each.name: summary
                    for each in record.contenders
                    if metric.better != "neither"
                    and each.name != record.baseline
                    and (summary := ratio(record, case, metric, each.name, record.baseline))
                }
                rows[prefix + metric.heading] = bars
        axis = f"times as good as {record.baseline}"
    return {name: bars for name, bars in rows.items() if bars}, axis


def _figures(record: Record, case: Case) -> dict[str, Summary]:
    summaries = {
        each.name: summarize(record.values(case.key, each.name, case.metrics[0].key).values())
        for each in record.contenders
    }
    return {name: summary for name, summary in summaries.items() if summary}


def _draw(title: str, rows: Mapping[str, Mapping[str, Summary]], axis: str, path: Path) -> None:
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PictureError(f"matplotlib is not there ({error}); the dependency group bench has it") from None
    peers = list(dict.fromkeys(peer for bars in rows.values() for peer in bars))
    height_inches = 1.2 + len(rows) * max(0.3, 0.13 * len(peers) + 0.12)
    # Text stays text, and the same figures make the same file.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.size": 8}):
        figure = Figure(figsize=(8, height_inches), layout="constrained")
        axes = figure.add_subplot()
        _draw_bars(axes, peers, rows)
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel(axis)
        if axis.startswith("times"):
            axes.axvline(1, color=_OTHER, linewidth=0.8)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _place: f"{value:g}")
            axes.xaxis.set_minor_formatter(
                lambda value, _place: f"{value:g}" if f"{value:g}"[0] in "25" else ""
            )
        else:
            axes.xaxis.set_major_formatter(lambda value, _place: f"{value:,.0f}")
        axes.grid(axis="x", linewidth=0.4)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        figure.legend(loc="outside lower center", ncols=min(6, len(peers)), frameon=False)
        draft = path.with_suffix(".new")
        figure.savefig(draft, format="svg", metadata={"Date": None, "Creator": None})
    draft.replace(path)


def _draw_bars(axes: Axes, peers: Sequence[str], rows: Mapping[str, Mapping[str, Summary]]) -> None:
    thickness = 0.85 / len(peers)
    for number, peer in enumerate(peers):
        places, summaries = [], []
        for row, bars in enumerate(rows.values()):
            if peer in bars:
                places.append(row + (number - (len(peers) - 1) / 2) * thickness)
                summaries.append(bars[peer])
        medians = [summary.median for summary in summaries]
        spread = [
            [summary.median - summary.low for summary in summaries],
            [summary.high - summary.median for summary in summaries],
        ]
        axes.barh(
            places,
            medians,
            height=thickness * 0.9,
            xerr=spread,
            label=peer,
            color=_COLOURS.get(peer, _OTHER),
            error_kw={"linewidth": 0.7, "ecolor": "#444444"},
        )
    axes.set_yticks(range(len(rows)), list(rows))
    axes.margins(y=0.02)
    axes.invert_yaxis()
