"""One board of the leaderboard: plugins that were scored on the same pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from colortk.harness.json_values import OMIT_NONE, to_json_value
from colortk.harness.records import MetricInfo
from colortk.harness.second_predictions import RepeatSummary
from colortk.harness.statistics import MetricMean
from colortk.harness.summary_rows import (
    ProtocolInfo,
)
from colortk.harness.table_marks import Mark


@dataclass(frozen=True)
class BoardRow:
    """One version of a plugin on a board.

    Parameters
    ----------
    rank, group, n
        As in :class:`~colortk.harness.summary_rows.PluginRow`.
    name : str
        Label, as ``compare -p`` takes it; weights from elsewhere are named by their digest.
    artifact, code : str
        SHA-256 (hex) of the weights, and of the names and content of the code.
    current : bool
        The installed code would give these results.
    means : dict of str to MetricMean
        Mean scores with intervals.
    pictures, failed : int
        Pictures of the board that the plugin ran on, and pictures that it failed on.
    repeats : RepeatSummary or None
        Whether second predictions are the same.
    when : float
        Time of the last run, in seconds since 1970.
    marks : dict of str to {"", "best", "second"}, optional
        By metric; see :func:`colortk.harness.table_marks.marks`.
    """

    rank: int | None
    group: str
    n: int
    name: str
    artifact: str
    code: str
    current: bool
    means: dict[str, MetricMean]
    pictures: int
    failed: int
    repeats: RepeatSummary | None
    when: float
    marks: dict[str, Mark] | None = field(default=None, metadata=OMIT_NONE)


@dataclass(frozen=True)
class Board:
    """Plugins that were scored on the same pictures by one protocol.

    Parameters
    ----------
    protocol : ProtocolInfo
        How pictures were prepared.
    kind : {"pictures", "films"}
        Kind of the scored originals.
    images : int
        Number of pictures.
    gray_originals : list of str
        File names of originals with (nearly) no color.
    gray_rule : str
        Treatment of gray originals.
    comparisons : int
        Pairs of plugins behind ranks and letters.
    family : list of str
        Empty: no pairs are corrected together.
    set : str
        SHA-256 (hex) over the pictures.
    names : list of str
        Some file names, by which a reader can recognize the set.
    ranking_metric : str
        The metric that ranks.
    metrics : dict of str to MetricInfo
        The columns.
    plugins : list of BoardRow
        The rows, best first.
    """

    protocol: ProtocolInfo
    kind: str
    images: int
    gray_originals: list[str]
    gray_rule: str
    comparisons: int
    family: list[str]
    set: str
    names: list[str]
    ranking_metric: str
    metrics: dict[str, MetricInfo]
    plugins: list[BoardRow]

    @property
    def scored(self) -> list[str]:
        """The metrics of which at least one plugin has a score; all if there is none."""
        return [m for m in self.metrics if any(m in row.means for row in self.plugins)] or list(
            self.metrics
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the board as ``colortk leaderboard --json`` prints it."""
        values: dict[str, Any] = to_json_value(self)
        for row in values["plugins"]:
            row["metrics"] = {name: mean["mean"] for name, mean in row["means"].items()}
        values["metrics"] = {
            name: {"name": name} | metric for name, metric in values["metrics"].items()
        }
        return values
