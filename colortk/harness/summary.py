"""The result of a comparison as typed rows, which reports render and ``--json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from colortk.harness.json_values import OMIT_NONE, to_json_value
from colortk.harness.records import MetricInfo
from colortk.harness.second_predictions import RepeatSettings
from colortk.harness.summary_rows import (
    Failure,
    FilmInfo,
    MetricFailure,
    PairDifference,
    PairedDifference,
    PluginRow,
    ProtocolInfo,
    ScoreRecord,
    UnavailablePlugin,
    VerdictSummary,
)


@dataclass(frozen=True)
class ComparisonSummary:
    """A comparison of plugins, as tables show it.

    Parameters
    ----------
    colortk : str
        Version of colortk.
    kind : {"pictures", "films"}
        Kind of the scored originals.
    protocol : ProtocolInfo
        How pictures were prepared.
    images, candidates : int
        Pictures that are scored, and pictures that could be.
    common : bool
        Only pictures that every plugin has a score of are used.
    gray_originals : list of str
        Paths of the originals that have (nearly) no color.
    gray_rule : str
        Treatment of gray originals.
    gray_only : bool
        This is the table of the gray originals.
    enlarged : int
        Pictures that were smaller than the protocol's size.
    repeated : int
        Files that were left out because another file has their content.
    same_pixels : dict of str to str
        Files that were left out because another has their pixels, and the other.
    computed : int
        Results that were computed in this run.
    loading_seconds : float
        Seconds in which plugins were started and loaded.
    repeats : RepeatSettings
        How second predictions are chosen and compared.
    ranking_metric : str
        The metric that ranks.
    level : float
        Confidence level of intervals.
    comparisons : int
        Pairs of plugins behind ranks and letters.
    family : list of str
        Plugins whose pairs are corrected together.
    baseline : str or None
        The plugin that others are compared with; ``None``: the best.
    shown : list of str or None
        The metrics that the user named; ``None``: the default ones.
    metrics : dict of str to MetricInfo
        The metrics, by name.
    plugins : list of PluginRow
        The plugins, best first.
    paired : list of PairedDifference
        Each plugin minus the best, by metric.
    failures : list of Failure
        Pictures and plugins without a result.
    metric_failures : list of MetricFailure
        Metrics that lack scores.
    unavailable : list of UnavailablePlugin
        Installed plugins that cannot run.
    records, verdicts, pairs : optional
        With ``per_image``: the scores of each picture, and by metric the verdicts and all pairs.
    gray : ComparisonSummary, optional
        The table of the gray originals, if these are scored.
    films : ComparisonSummary, optional
        The table of films.
    originals : list of FilmInfo, optional
        Films only: the films.
    left_out_seen : int, optional
        Pictures that were left out because a plugin has seen them (``--unseen``).
    dataset : str, optional
        Name of the standard set that the given pictures are, by their file names.
    """

    colortk: str
    kind: str
    protocol: ProtocolInfo
    images: int
    candidates: int
    common: bool
    gray_originals: list[str]
    gray_rule: str
    gray_only: bool
    enlarged: int
    repeated: int
    same_pixels: dict[str, str]
    computed: int
    loading_seconds: float
    repeats: RepeatSettings
    ranking_metric: str
    level: float
    comparisons: int
    family: list[str]
    baseline: str | None
    shown: list[str] | None
    metrics: dict[str, MetricInfo]
    plugins: list[PluginRow]
    paired: list[PairedDifference]
    failures: list[Failure]
    metric_failures: list[MetricFailure]
    unavailable: list[UnavailablePlugin]
    records: Sequence[ScoreRecord] | None = field(default=None, metadata=OMIT_NONE)
    verdicts: dict[str, VerdictSummary] | None = field(default=None, metadata=OMIT_NONE)
    pairs: dict[str, list[PairDifference]] | None = field(default=None, metadata=OMIT_NONE)
    gray: ComparisonSummary | None = field(default=None, metadata=OMIT_NONE)
    films: ComparisonSummary | None = field(default=None, metadata=OMIT_NONE)
    originals: list[FilmInfo] | None = field(default=None, metadata=OMIT_NONE)
    left_out_seen: int | None = field(default=None, metadata=OMIT_NONE)
    dataset: str | None = field(default=None, metadata=OMIT_NONE)

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as ``colortk compare --json`` prints it."""
        values: dict[str, Any] = to_json_value(self)
        return values
