"""Score plugins on pictures and films: from paths and names to a :class:`Comparison`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from colortk.errors import UsageError
from colortk.harness.comparison import Comparison
from colortk.harness.comparison_inputs import gather_pictures, separate_films
from colortk.harness.contamination import hash_sources, seen_pictures, training_hashes
from colortk.harness.drawn_hints import Order
from colortk.harness.films.film_variants import OPTION, PROTOCOL, film_variants, steadied_label
from colortk.harness.hint_curves import METRICS as CURVE_METRICS
from colortk.harness.hint_curves import HintCurves
from colortk.harness.hint_variants import PROTOCOL as HINT_PROTOCOL
from colortk.harness.hint_variants import hint_variants
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import DEFAULT, Protocol, load_protocol
from colortk.harness.ranked_scores import RankedScores
from colortk.harness.requested_specs import (
    FLOOR,
    prepared_metrics,
    requested_metrics,
    requested_set_metrics,
    requested_variants,
)
from colortk.harness.results import Results
from colortk.harness.run_options import RunOptions
from colortk.harness.runner import metric_digests, run_pictures
from colortk.harness.set_scores import SetScores, feature_metrics, measure_sets
from colortk.harness.sources import Source
from colortk.plugin.registry import registry
from colortk.plugin.spec import MetricSpec
from colortk.runtime.progress import Progress, silent
from colortk.runtime.provenance import snapshot
from colortk.store.location import store_folder
from colortk.video.temporal import DEINTERLACE, INTERVAL, MAX_INTERVAL, TEMPORAL


def compare(
    images: Any,
    plugins: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    *,
    protocol_name: str = DEFAULT,
    changes: dict[str, Any] | None = None,
    every: bool = False,
    baseline: str | None = None,
    keep_gray: bool = False,
    family: Sequence[str] = (),
    common: bool = False,
    frames: int | None = None,
    temporal: Sequence[str] = ("off", "flow", "plugin"),
    keyframes: int = INTERVAL,
    deinterlace: str = "off",
    hint_counts: Sequence[int] = (),
    hint_order: Order = "uniform",
    unseen: bool = False,
    jobs: int | None = None,
    run_options: RunOptions | None = None,
    store: Path | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Score plugins on color pictures and films.

    Parameters
    ----------
    images : path, ndarray, or several of these
        Files, folders, and arrays, uint8 (H, W, 3) sRGB. Films among them become a separate
        comparison, ``films`` of the result.
    plugins : sequence of str, optional
        ``NAME[:option=value,…][@WEIGHTS]`` each. By default all installed plugins that can run.
        ``gray`` is always added.
    metrics : sequence of str, optional
        Names of metrics; by default all.
    protocol_name : str
        How pictures are prepared.
    changes : dict, optional
        Values that differ from the protocol's, such as ``{"short_side": None, "refine": "none"}``.
    every : bool
        Score all installed plugins besides ``plugins``.
    baseline : str, optional
        The plugin that others are compared with; by default the best plugin.
    keep_gray : bool
        Score gray originals, too, as a separate comparison, ``gray`` of the result.
    family : sequence of str
        Plugins whose pairs are corrected together (Holm). Every other pair is tested by itself.
    common : bool
        Score all plugins on the pictures that every plugin has a score of.
    frames : int, optional
        Frames of each film at most, from its beginning.
    temporal : sequence of {"off", "flow", "keyframes", "plugin"}
        Score films frame by frame ("off"), with colors averaged along motion ("flow"), moved from
        keyframes, steadied by plugins that declare ``film``, or several; if empty, not at all.
    keyframes : int
        With "keyframes": frames from one predicted frame to the next.
    deinterlace : {"off", "auto", "bob"}
        Deinterlace interlaced films before they are scored, as ``colortk video`` does.
    hint_counts : sequence of int
        Score pictures again with these numbers of hints that are drawn from the originals, as
        ``hints`` of the result.
    hint_order : {"uniform", "error"}
        Hints at random points, or where the unguided prediction is most wrong.
    unseen : bool
        Leave out pictures that any of the plugins is known to have seen in its training.
    jobs : int, optional
        Number of worker processes.
    run_options : RunOptions, optional
        Time limit, Dask scheduler, and more.
    store : Path, optional
        Folder of stored results, see :func:`colortk.store.location.store_folder`.
    progress : Progress
        Reports progress.

    Raises
    ------
    UsageError
        If there is no picture, or a name is unknown.
    PluginError, ArtifactError
        If a plugin that was named cannot be used, or its weights cannot be trusted.
    EnvironmentProblem
        If the machine lacks something, or workers die.
    """
    plugins, metrics = ([x] if isinstance(x, str) else x for x in (plugins, metrics))
    temporal = [temporal] if isinstance(temporal, str) else temporal
    if jobs is not None:
        run_options = replace(run_options or RunOptions(), jobs=jobs)
    unknown = [mode for mode in temporal if mode not in TEMPORAL]
    if unknown:
        raise UsageError(f"temporal '{unknown[0]}'", f"known: {', '.join(TEMPORAL)}")
    if deinterlace not in DEINTERLACE:
        raise UsageError(f"deinterlace '{deinterlace}'", f"known: {', '.join(DEINTERLACE)}")
    if type(keyframes) is not int or not 1 <= keyframes <= MAX_INTERVAL:
        raise UsageError(f"keyframes {keyframes}", f"1 to {MAX_INTERVAL} frames are allowed")
    if frames is not None and (not isinstance(frames, int) or frames < 1):
        raise UsageError(f"{frames} frames", "the number of frames is a whole number from 1")
    images, film_paths, refused = separate_films(images, bool(temporal))
    if film_paths and run_options is not None and run_options.scheduler is not None:
        raise UsageError(
            "films are not sent to a Dask cluster",
            hint="compare them without --backend dask, or use --temporal skip",
        )
    sources, unreadable, repeats = gather_pictures(images)
    unreadable |= refused
    if not sources and not film_paths:
        reason = next(iter(unreadable.values()), "no picture was given")
        raise UsageError("no picture to compare on", reason)
    specs, film_specs = requested_metrics(metrics, bool(film_paths))
    set_specs = prepared_metrics(requested_set_metrics(metrics), named=metrics is not None)
    if not specs:
        sources, specs = [], dict(registry().metrics())
    protocol = load_protocol(protocol_name).varied(**(changes or {}))
    with snapshot():
        variants, left_out = requested_variants(plugins, every, baseline, protocol.refine)
    _family(family, variants, variants)
    with Results(store_folder(store)) as results:
        trained = training_hashes(variants)
        seen: dict[str, set[str]] = {}
        if any(training is not None and training.values for training in trained.values()):
            with progress("training pictures", len(sources)) as advance:
                seen = seen_pictures(trained, hash_sources(sources, results, advance))
        given_count = len(sources)
        if unseen:
            sources = _unseen(sources, seen)
        with progress("scoring", len(sources)) as advance:
            outcome = run_pictures(
                sources, variants, list(specs), protocol, results, run_options, advance,
                set_metrics=list(feature_metrics(set_specs)),
            )  # fmt: skip
        outcome.unreadable = unreadable | outcome.unreadable
        repeats += len(outcome.same_pixels)
        hints = None
        if hint_counts:
            hints = _hint_curves(
                sources, variants, hint_counts, hint_order, specs, changes, results, run_options,
                progress,
            )  # fmt: skip
        films = None
        if film_paths:
            film_changes = (changes or {}) | ({} if frames is None else {"frames": frames})
            film_changes["deinterlace"] = deinterlace
            films = _films(
                film_paths,
                film_variants(variants, temporal, FLOOR, keyframes),
                film_specs,
                load_protocol(PROTOCOL).varied(**film_changes),
                results,
                run_options,
                progress,
            )
            films.keep_gray, films.metrics_requested = keep_gray, metrics is not None
            films.family, films.common = _family(family, films.variants, variants), common
            films.baseline = _film_baseline(films, baseline)
        results.flush()
        comparison = Comparison(
            protocol,
            sources,
            variants,
            specs,
            outcome,
            left_out,
            keep_gray=keep_gray,
            baseline=baseline,
            repeats=repeats,
            metrics_requested=metrics is not None,
            films=films,
            hints=hints,
            family=_family(family, variants, variants),
            common=common,
            store_problem=results.problem,
            trained=trained,
            seen=seen,
            left_out_seen=given_count - len(sources),
        )
        if set_specs and comparison.used:
            comparison.sets = _score_sets(comparison, set_specs, results, progress)
    return comparison


def _unseen(sources: list[Source], seen: dict[str, set[str]]) -> list[Source]:
    """Return the pictures that no plugin has seen in its training."""
    known = set().union(*seen.values())
    rest = [source for source in sources if source.picture not in known]
    if sources and not rest:
        labels = ", ".join(label for label, pictures in seen.items() if pictures)
        reason = f"every picture was used to train one of these: {labels}"
        raise UsageError("--unseen leaves no picture", reason, "score other pictures")
    return rest


def _score_sets(
    comparison: Comparison, specs: dict[str, MetricSpec], results: Results, progress: Progress
) -> SetScores:
    """Compute the metrics of the whole set. Their features are stored already."""
    representatives = feature_metrics(specs)
    with progress("sets", len(representatives) * len(comparison.variants)) as advance:
        return measure_sets(
            specs, metric_digests(representatives), comparison.used, comparison.variants,
            comparison.protocol, results, advance,
        )  # fmt: skip


def _family(
    names: Sequence[str], rows: Sequence[PluginVariant], variants: Sequence[PluginVariant]
) -> tuple[str, ...]:
    """Return the labels of a family's rows; of films, a plugin may have several rows."""
    labels = {variant.label for variant in variants}
    for name in names:
        if name not in labels:
            hint = f"plugins: {', '.join(sorted(labels))}"
            raise UsageError(f"--family {name}: the comparison has no such plugin", hint=hint)
    if len(set(names)) == 1:
        raise UsageError("a family of one plugin has no pairs", hint="name --family twice or more")
    plain_labels = {row.label: row.label.removesuffix(_end(row)) for row in rows}
    return tuple(label for label, plain in plain_labels.items() if plain in names)


def _end(row: PluginVariant) -> str:
    """Return the end of a label that says how the colors of a film are made steady."""
    return steadied_label(row.options.get(OPTION))


def _films(
    film_paths: list[Path],
    rows: list[PluginVariant],
    specs: dict[str, MetricSpec],
    protocol: Protocol,
    results: Results,
    run_options: RunOptions | None,
    progress: Progress,
) -> Comparison:
    """Score the films. Only this function imports PyAV, which is an optional dependency."""
    from colortk.harness.films.comparison import FilmComparison
    from colortk.harness.films.runner import film_sources, run_films

    sources, unreadable, repeats = film_sources(film_paths)
    with progress("films", len(sources) * protocol.definition["frames"]) as advance:
        outcome = run_films(sources, rows, list(specs), protocol, results, run_options, advance)
    outcome.unreadable = unreadable | outcome.unreadable
    repeats += len(outcome.same_pixels)
    return FilmComparison(protocol, sources, rows, specs, outcome, repeats=repeats)


def _hint_curves(
    sources: list[Source],
    variants: list[PluginVariant],
    counts: Sequence[int],
    order: Order,
    specs: dict[str, MetricSpec],
    changes: dict[str, Any] | None,
    results: Results,
    run_options: RunOptions | None,
    progress: Progress,
) -> HintCurves:
    """Score the pictures with hints."""
    from colortk.harness.hint_worker import score_picture_with_hints

    protocol = load_protocol(HINT_PROTOCOL).varied(**(changes or {}))
    metrics = {name: specs[name] for name in CURVE_METRICS if name in specs}
    if not metrics:
        reason = f"curves are of {', '.join(CURVE_METRICS)}"
        raise UsageError("no metric of the comparison has a curve", reason, "add one of them")
    rows = hint_variants(variants, counts, order)
    run_options = replace(run_options or RunOptions(), repeats=False)
    with progress("with hints", len(sources)) as advance:
        outcome = run_pictures(
            sources, rows, list(metrics), protocol, results, run_options, advance,
            score_picture_with_hints,
        )  # fmt: skip
    scores = RankedScores(protocol, sources, rows, metrics, outcome)
    return HintCurves(scores, variants, counts, order)


def _film_baseline(films: Comparison, baseline: str | None) -> str | None:
    """Return the label of the baseline's first row, which is frame by frame if there is one."""
    labels = [r.label for r in films.variants if r.label.removesuffix(_end(r)) == baseline]
    return labels[0] if labels else baseline
