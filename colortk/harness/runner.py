"""Compute the scores that are not stored yet, and store them picture by picture."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from colortk.errors import PictureError
from colortk.harness.duplicate_pixels import duplicate_pixels
from colortk.harness.metric_weights import weights_digest
from colortk.harness.outcome import (
    FeatureCode,
    Outcome,
    count_skipped,
    leave_out_duplicates,
    needs_work,
    record_result,
    stop_after_failures,
)
from colortk.harness.picture_worker import score_picture
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol
from colortk.harness.results import Results
from colortk.harness.run_options import RunOptions
from colortk.harness.sealing import hidden_from_plugins
from colortk.harness.second_predictions import select_pictures
from colortk.harness.sources import Source
from colortk.harness.task_pool import run_tasks
from colortk.harness.tasks import Task, TaskResult
from colortk.harness.unfinished import finished_keys, planned_pictures
from colortk.plugin.registry import registry
from colortk.runtime.provenance import metric_code, snapshot


def metric_digests(metrics: Iterable[str]) -> dict[str, str]:
    """Return the digest of each metric's code and weights, by name.

    Raises
    ------
    UsageError
        If there is no metric of a name.
    PluginError, ArtifactError
        If a metric is broken, or its weights cannot be read.
    """
    specs = {name: registry().metric(name) for name in metrics}
    with snapshot():
        return {name: metric_code(spec) + weights_digest(spec) for name, spec in specs.items()}


def run_pictures(
    pictures: Sequence[Source],
    variants: Sequence[PluginVariant],
    metrics: Sequence[str],
    protocol: Protocol,
    results: Results,
    run_options: RunOptions | None = None,
    advance: Callable[[int], None] = lambda n: None,
    work: Callable[[Task], TaskResult] = score_picture,
    set_metrics: Sequence[str] = (),
) -> Outcome:
    """Score every plugin on every picture. Stored results are not computed again.

    Parameters
    ----------
    pictures : sequence of Source
        The originals.
    variants : sequence of PluginVariant
        The plugins.
    metrics : sequence of str
        Names of the metrics.
    protocol : Protocol
        How pictures are prepared.
    results : Results
        The store.
    run_options : RunOptions, optional
        How the work is distributed and limited.
    advance : callable, optional
        Called with a number of pictures when these are done.
    work : callable, optional
        Scores the picture of a task; a function of a module.
    set_metrics : sequence of str
        Names of metrics of sets, whose features are computed; see
        :func:`colortk.harness.set_scores.feature_metrics`.

    Returns
    -------
    Outcome
        All results, those that were stored before included.

    Raises
    ------
    EnvironmentProblem
        If workers die or cannot be reached. The scores so far are stored.
    """
    run_options = run_options or RunOptions()
    codes, set_codes = metric_digests(metrics), metric_digests(set_metrics)
    all_codes = codes | set_codes
    features = {
        registry().metric(name).function: FeatureCode(name, code)
        for name, code in set_codes.items()
    }
    picture_digests = {source.picture for source in pictures}
    outcome = Outcome(
        results.pictures(protocol.hash, picture_digests),
        {
            v.label: results.results(protocol.hash, v.key, all_codes, picture_digests)
            for v in variants
        },
    )
    twice = select_pictures([s.picture for s in pictures]) if run_options.repeats else set()
    todo: list[tuple[Source, tuple[PluginVariant, ...]]] = []
    duplicates = duplicate_pixels((source.picture for source in pictures), outcome.pictures)
    for source in pictures:
        if source.picture in duplicates:
            continue
        repeat = source.picture in twice
        missing = tuple(
            variant
            for variant in variants
            if needs_work(outcome, source.picture, variant, codes, run_options, repeat, features)
        )
        if missing:
            todo.append((source, missing))
    advance(len(pictures) - len(todo))
    results.plan(protocol, planned_pictures(todo, outcome.results))
    run_options = replace(run_options, jobs=max(1, min(run_options.jobs, len(todo))))
    consecutive_failures: dict[str, int] = {}
    run = secrets.token_hex(8)
    hidden = hidden_from_plugins(pictures, results.path.parent, bool(run_options.scheduler))

    def tasks() -> Iterator[Task]:
        for source, missing in todo:
            available = tuple(v for v in missing if v.label not in outcome.unavailable)
            if not available:
                advance(1)
                continue
            try:
                data = source.read()
            except PictureError as error:
                outcome.unreadable[source.name] = str(error)
                advance(1)
                continue
            yield Task(
                source.picture,
                source.name,
                data,
                protocol,
                available,
                tuple(codes.items()),
                run_options.timeout,
                run_options.threads,
                run,
                source.picture in twice,
                hidden,
                set_metrics=tuple(set_codes.items()),
            )

    for result in run_tasks(tasks(), run_options, work):
        record_result(result, outcome, results, protocol, all_codes)
        stop_after_failures(result, outcome, consecutive_failures)
        advance(1)
    leave_out_duplicates(pictures, outcome)
    count_skipped(outcome)
    results.finish(protocol, finished_keys(variants, outcome.skipped), picture_digests)
    return outcome
