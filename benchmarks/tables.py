"""Markdown tables of one case: peers as rows and compared by the first metric, or metrics as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Summary, geometric_mean, paired_ratios, summarize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.record import Case, Contender, Metric, Record

NOTHING = "-"


def format_figure(value: float) -> str:
    """Three digits or more, never in exponents: what a table needs to compare by eye."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 1 or value == 0:
        return f"{value:.2f}".removesuffix(".00")
    return f"{value:.3f}"


def format_summary(summary: Summary | None) -> str:
    """The median with the lowest and the highest figure, or a dash."""
    if summary is None:
        return NOTHING
    if summary.low == summary.high:
        return format_figure(summary.median)
    return f"{format_figure(summary.median)} ({format_figure(summary.low)} to {format_figure(summary.high)})"


def format_ratio(summary: Summary | None) -> str:
    if summary is None:
        return NOTHING
    if summary.low == summary.high:
        return f"**{summary.median:.2f}**"
    return f"**{summary.median:.2f}** ({summary.low:.2f} to {summary.high:.2f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first column is text and whose others are figures."""
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + "|".join([" --- "] + [" ---: "] * (len(head) - 1)) + "|",
    ]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def ratio(record: Record, case: Case, metric: Metric, peer: str, reference: str) -> Summary | None:
    """The paired ratios of a peer to a reference."""
    mine = record.values(case.key, peer, metric.key)
    return summarize(paired_ratios(mine, record.values(case.key, reference, metric.key), metric.better))


def peer_table(record: Record, case: Case) -> str:
    """A row for each peer: the first metric with spread and ratios, the others by their medians."""
    main, *others = case.metrics
    missing = {contender.name for contender in record.contenders if contender.missing}
    references = [record.baseline, *(limit for limit in record.limits if limit not in missing)]
    head = ["", _heading(main), *(f"to {reference}" for reference in references), *map(_heading, others)]
    rows = []
    for contender in _in_case(record, case):
        name = contender.name
        if contender.missing:
            rows.append([f"{name}: missing, {contender.missing}", *[NOTHING] * (len(head) - 1)])
            continue
        ratios = [
            NOTHING if name == reference else format_ratio(ratio(record, case, main, name, reference))
            for reference in references
        ]
        summaries = [_summary(record, case, metric, name) for metric in others]
        medians = [format_figure(summary.median) if summary else NOTHING for summary in summaries]
        rows.append([name, format_summary(_summary(record, case, main, name)), *ratios, *medians])
    return table(head, rows)


def _in_case(record: Record, case: Case) -> list[Contender]:
    """Who was asked; where everyone was, who is missing too."""
    asked = {sample.peer for sample in record.samples if sample.case == case.key}
    everyone = case.parameters.get("everyone", True)
    return [each for each in record.contenders if each.name in asked or (each.missing and everyone)]


def metric_tables(record: Record, case: Case) -> str:
    """A row for each metric: a table of the figures, and one of the ratios to the baseline."""
    measured = {sample.peer for sample in record.samples if sample.case == case.key}
    missing = {contender.name for contender in record.contenders if contender.missing}
    names = [each.name for each in record.contenders if each.name in measured | missing]
    head = ["", *(f"{name} (missing)" if name in missing else name for name in names)]
    rows = [
        [_heading(metric), *(format_summary(_summary(record, case, metric, name)) for name in names)]
        for metric in case.metrics
    ]
    figures = table(head, rows)
    ratios = _ratio_table(record, case, [name for name in names if name not in missing])
    return figures + ("\n" + ratios if ratios else "")


def _ratio_table(record: Record, case: Case, names: Sequence[str]) -> str:
    baseline = record.baseline
    compared = [name for name in names if name != baseline]
    metrics = [metric for metric in case.metrics if metric.better != "neither"]
    if baseline not in names or not compared:
        return ""
    summaries = [[ratio(record, case, metric, name, baseline) for name in compared] for metric in metrics]
    rows = [[metric.heading, *map(format_ratio, row)] for metric, row in zip(metrics, summaries, strict=True)]
    if len(metrics) > 3:
        rows.append(
            ["*geometric mean*", *(_mean_of_column(column) for column in zip(*summaries, strict=True))]
        )
    return table([f"to {baseline}", *compared], rows)


def _mean_of_column(column: Sequence[Summary | None]) -> str:
    # A mean over fewer metrics than the neighbour's would compare different things.
    if not all(column):
        return NOTHING
    mean = geometric_mean(summary.median for summary in column if summary)
    return NOTHING if mean is None else f"**{mean:.2f}**"


def _summary(record: Record, case: Case, metric: Metric, peer: str) -> Summary | None:
    return summarize(record.values(case.key, peer, metric.key).values())


def _heading(metric: Metric) -> str:
    return f"{metric.heading}, {metric.unit}" if metric.unit else metric.heading
