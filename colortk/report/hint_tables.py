"""Tables of scores against the number of hints."""

from __future__ import annotations

from colortk.harness.hint_curves import HintCurves
from colortk.harness.statistics import MetricMean

_ORDERS = {
    "uniform": "at random points",
    "error": "where the unguided prediction is most wrong",
}


def caption(curves: HintCurves) -> str:
    """Return a line that names protocol, pictures and hints."""
    protocol = curves.scores.protocol
    return (
        f"with hints: protocol {protocol.name} {protocol.hash[:12]}, "
        f"{len(curves.scores.used)} pictures, hints {_ORDERS[curves.order]}"
    )


def hint_table(curves: HintCurves, metric: str) -> tuple[str, list[str], list[list[str]]]:
    """Return title, headings and rows of a table of one metric.

    Parameters
    ----------
    curves : HintCurves
        The scores.
    metric : str
        Name of the metric.

    Returns
    -------
    title : str
    headings : list of str
    rows : list of list of str
        In the order of the ranking.
    """
    spec = curves.metrics[metric]
    heading = curves.heading(metric)
    counts = [f"{count:,}" for count in curves.counts]
    ranks = metric == curves.lead
    head = [*(["rank", "group"] if ranks else []), "plugin", *counts, "area"]
    rows = []
    for k in curves.verdicts.order:
        rank = curves.verdicts.ranks[k]
        cells = ["-" if rank is None else str(rank), curves.verdicts.letters[k] or "-"]
        means = [curves.mean(metric, k, number) for number in range(len(counts))]
        values = [*means, curves.area_means[metric][k]]
        scores = [_cell(value, spec.digits) for value in values]
        rows.append([*(cells if ranks else []), curves.plugins[k].label, *scores])
    return f"{heading} by number of hints, mean [95 % interval]", head, rows


def _cell(mean: MetricMean | None, digits: int) -> str:
    if mean is None:
        return "-"
    text = f"{mean.mean:.{digits}f}"
    if mean.ci95 is None:
        return text
    low, high = mean.ci95
    return f"{text} [{low:.{digits}f}, {high:.{digits}f}]"
