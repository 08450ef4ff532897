"""The rows of a comparison's tables: plugins, differences, failures, films."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from colortk.harness.json_values import OMIT_NONE
from colortk.harness.records import Repeat
from colortk.harness.second_predictions import RepeatSummary
from colortk.harness.set_measures import ColorfulnessGap
from colortk.harness.statistics import MetricMean

Interval = tuple[float, float]


@dataclass(frozen=True)
class ProtocolInfo:
    """A protocol: its name, the SHA-256 (hex) of its definition, and the definition."""

    name: str
    hash: str
    definition: dict[str, Any] | None = field(default=None, metadata=OMIT_NONE)


@dataclass(frozen=True)
class PredictionSeconds:
    """Seconds that a plugin takes for one picture."""

    mean: float | None = field(default=None, metadata=OMIT_NONE)
    median: float | None = field(default=None, metadata=OMIT_NONE)


@dataclass(frozen=True)
class SeenPictures:
    """The scored pictures that a plugin has seen in its training.

    Parameters
    ----------
    pictures : int or None
        Their number; ``None`` if the plugin does not say what it was trained on.
    complete : bool
        False if the plugin may have seen more: it began from pretrained weights.
    """

    pictures: int | None
    complete: bool


@dataclass(frozen=True)
class PluginRow:
    """One plugin in the table of a comparison.

    Parameters
    ----------
    name : str
        Label of the row: ``NAME[:option=value,…][@WEIGHTS]``.
    plugin, summary, version : str
        Name, one-line summary and version of the plugin.
    artifact : str
        SHA-256 (hex) of its weights.
    options : dict
        Its options, and the host's options that differ from their defaults.
    rank : int or None
        Place by the ranking metric; ``None`` if the pictures do not separate it from all others.
    group : str
        Letters; the pictures do not separate two plugins that share a letter.
    n : int
        Pictures with a score of the ranking metric.
    failed : int
        Pictures without a result.
    metrics : dict of str to MetricMean
        Mean scores by metric.
    colorfulness_gap : ColorfulnessGap or None
        The set-level ΔCF.
    seconds : PredictionSeconds
        Time for one picture.
    peak_memory : int or None
        Bytes, the peak of the plugin's process.
    repeats : RepeatSummary or None
        Whether second predictions are the same.
    sealed : dict of str to (bool or None)
        Whether each way to the original was closed to the plugin; ``None``: not recorded.
    beside : dict of str to float, optional
        Films only: the originals' own scores, for metrics that need no reference.
    seen : SeenPictures, optional
        The scored pictures that the plugin has seen in its training; pictures only.
    foreign_weights : list of str
        Files of weights that the user named and whose SHA-256 the plugin does not declare.
    skipped : int, optional
        Originals that the plugin was not run on, because it was given up after failures or could
        not be loaded.
    """

    name: str
    plugin: str
    summary: str
    version: str
    artifact: str
    options: dict[str, Any]
    rank: int | None
    group: str
    n: int
    failed: int
    metrics: dict[str, MetricMean]
    colorfulness_gap: ColorfulnessGap | None
    seconds: PredictionSeconds
    peak_memory: int | None
    repeats: RepeatSummary | None
    sealed: dict[str, bool | None]
    beside: dict[str, float] | None = field(default=None, metadata=OMIT_NONE)
    foreign_weights: list[str] = field(default_factory=list)
    seen: SeenPictures | None = field(default=None, metadata=OMIT_NONE)
    skipped: int | None = field(default=None, metadata=OMIT_NONE)


@dataclass(frozen=True)
class PairedDifference:
    """Mean difference between the scores of a plugin and of the best plugin or the baseline.

    Parameters
    ----------
    plugin, best : str
        Labels of the two.
    metric : str
        Name of the metric.
    difference : float
        Mean of ``plugin`` minus ``best`` over the pictures that both have.
    ci95 : (float, float) or None
        Its 95 % interval.
    p : float or None
        Two-sided p-value, corrected if both plugins are in the family.
    separated : bool
        The pictures separate the two plugins.
    wins, ties, losses : int or None
        Pictures on which ``plugin`` is better, equal, worse.
    n : int
        Pictures that both have.
    """

    plugin: str
    best: str
    metric: str
    difference: float
    ci95: Interval | None
    p: float | None
    separated: bool
    wins: int | None
    ties: int
    losses: int | None
    n: int


@dataclass(frozen=True)
class PairDifference:
    """Mean difference of two plugins, ``first`` minus ``second``; see :class:`PairedDifference`."""

    first: str
    second: str
    difference: float
    ci95: Interval | None
    p: float | None
    separated: bool
    wins: int | None
    ties: int
    losses: int | None
    n: int


@dataclass(frozen=True)
class RankedPlugin:
    """Rank, group letters and number of scores of a plugin by one metric."""

    name: str
    rank: int | None
    group: str
    n: int


@dataclass(frozen=True)
class VerdictSummary:
    """Verdicts of one metric on all plugins, the best first, with numbers of pairs and pictures."""

    comparisons: int
    pictures: int
    plugins: list[RankedPlugin]


@dataclass(frozen=True)
class Failure:
    """A picture or a plugin without a result; ``picture`` or ``plugin`` is empty if all fail."""

    picture: str
    plugin: str
    error: str


@dataclass(frozen=True)
class MetricFailure:
    """A metric that lacks ``count`` scores, and the first reason."""

    metric: str
    count: int
    error: str


@dataclass(frozen=True)
class UnavailablePlugin:
    """An installed plugin that cannot run, and why."""

    name: str
    error: str


@dataclass(frozen=True)
class FilmInfo:
    """A film that plugins are scored on.

    ``metrics`` are the film's own scores, where no reference is needed; ``lost_frames`` could not
    be read.
    """

    name: str
    picture: str
    width: int
    height: int
    near_gray: bool
    scored: bool
    frames: int
    lost_frames: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class ScoreRecord:
    """All scores of one plugin on one picture, or the error.

    ``picture`` is the SHA-256 (hex) of the original's file, ``name`` its path.
    """

    picture: str
    name: str
    plugin: str
    near_gray: bool
    metrics: dict[str, float]
    metric_errors: dict[str, str]
    seconds: float
    repeat: Repeat | None
    error: str | None
