"""The outcome of a run: data of every picture, and of every plugin on every picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from colortk.harness.duplicate_pixels import duplicate_pixels
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol
from colortk.harness.records import PictureRow, without_vectors
from colortk.harness.result_table import ResultTable
from colortk.harness.results import Results
from colortk.harness.run_options import RunOptions
from colortk.harness.sources import Source
from colortk.harness.tasks import TaskResult

#: After this many time-outs or crashes in a row, a plugin gets no more pictures.
MAX_CONSECUTIVE_FAILURES = 5


class FeatureCode(NamedTuple):
    """Features that are wanted: a metric that uses them, and the digest of its code."""

    metric: str
    code: str


@dataclass
class Outcome:
    """The results of a run, including those that were stored earlier.

    Parameters
    ----------
    pictures : dict of str to PictureRow
        The originals, by SHA-256 (hex).
    results : dict of str to ResultTable
        By label of the plugin, then by SHA-256 of the original. Other mappings are converted.
    unreadable : dict of str to str
        Why a picture could not be used, by path.
    unavailable : dict of str to str
        Why a plugin could not be used, by label.
    computed : int
        Number of results that were computed in this run.
    loading : float
        Seconds, summed over processes, in which plugins were started and loaded.
    repeating : float
        Seconds, summed over processes, of second predictions.
    same_pixels : dict of str to str
        Paths of originals that are left out, and of those that have the same pixels.
    skipped : dict of str to int
        Number of originals that a plugin was not run on, because it was given up after failures or
        could not be loaded, by label.
    """

    pictures: dict[str, PictureRow]
    results: dict[str, ResultTable]
    unreadable: dict[str, str] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    computed: int = 0
    loading: float = 0.0
    repeating: float = 0.0
    same_pixels: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.results = {label: ResultTable.of(rows) for label, rows in self.results.items()}


def needs_work(
    outcome: Outcome,
    picture: str,
    variant: PluginVariant,
    codes: dict[str, str],
    run_options: RunOptions,
    repeat: bool,
    features: Mapping[str, FeatureCode] = MappingProxyType({}),
) -> bool:
    """Decide whether a plugin must run on a picture.

    Parameters
    ----------
    outcome : Outcome
        The results that are stored already.
    picture : str
        SHA-256 (hex) of the original.
    variant : PluginVariant
        The plugin.
    codes : dict of str to str
        The metrics that are wanted, with the digests of their code.
    run_options : RunOptions
        ``retry`` and ``timeout`` decide about earlier failures.
    repeat : bool
        A second prediction of the picture is wanted, too.
    features : mapping of str to FeatureCode
        The features that are wanted, by import path of their function.
    """
    row = outcome.results[variant.label].get(picture)
    if row is None or picture not in outcome.pictures:
        return True
    if row.error is not None:
        # A plugin that was too slow for one time limit may be fast enough for a longer limit.
        longer = row.limit is not None and (
            run_options.timeout is None or run_options.timeout > row.limit
        )
        return run_options.retry or longer
    if repeat and (row.repeat is None or (run_options.retry and row.repeat.error is not None)):
        return True
    for function, (name, code) in features.items():
        both = (row.features, outcome.pictures[picture].features)
        if any(function not in part or part[function].code != code for part in both) and (
            run_options.retry or name not in row.errors
        ):
            return True
    return any(
        name not in row.values and (run_options.retry or name not in row.errors) for name in codes
    )


def record_result(
    result: TaskResult,
    outcome: Outcome,
    results: Results,
    protocol: Protocol,
    codes: dict[str, str],
) -> None:
    """Add the result of a task to the store and to ``outcome``."""
    outcome.unavailable |= result.unavailable
    outcome.loading += result.loading
    outcome.repeating += result.repeating
    if result.error is not None or result.picture is None:
        outcome.unreadable[result.name] = result.error or "no result"
        return
    results.store(protocol, result.picture, result.rows.values(), codes)
    outcome.pictures[result.task] = replace(
        result.picture,
        truth=b"",
        gray=b"",
        histogram=b"",
        features=without_vectors(result.picture.features),
    )
    for label, row in result.rows.items():
        stored = outcome.results[label].get(result.task)
        if row.error is None or stored is None or stored.error is not None:
            outcome.results[label][result.task] = row
    outcome.computed += len(result.rows)


def stop_after_failures(
    result: TaskResult, outcome: Outcome, consecutive_failures: dict[str, int]
) -> None:
    """Stop a plugin whose process crashes or hangs on several pictures in a row.

    Otherwise each remaining picture could cost a time-out. ``consecutive_failures`` counts by
    label.
    """
    for label, row in result.rows.items():
        consecutive_failures[label] = consecutive_failures.get(label, 0) + 1 if row.fatal else 0
        if consecutive_failures[label] == MAX_CONSECUTIVE_FAILURES:
            outcome.unavailable[label] = (
                f"given up after {MAX_CONSECUTIVE_FAILURES} in a row: {row.error}"
            )


def count_skipped(outcome: Outcome) -> None:
    """Count the originals that unavailable plugins were not run on."""
    for label in outcome.unavailable:
        results = outcome.results.get(label)
        count = sum(results is None or picture not in results for picture in outcome.pictures)
        if count:
            outcome.skipped[label] = count


def leave_out_duplicates(sources: Iterable[Source], outcome: Outcome) -> None:
    """Of several originals with the same pixels, keep only the first."""
    names = {source.picture: source.name for source in sources}
    for picture, first in duplicate_pixels(names, outcome.pictures).items():
        outcome.same_pixels[names[picture]] = names[first]
        del outcome.pictures[picture]
