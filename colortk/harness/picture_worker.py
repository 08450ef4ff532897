"""Score one picture in a worker: decode it once, run every plugin on it, and return small results.

A worker gets names and the picture's bytes, never a model, so that it may run on another machine.
Every plugin runs in a separate process, which is started once for each worker: if it crashes, hangs
or exits, only the plugin's row fails.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import gray_rgb, lightness
from colortk.errors import ColortkError, EnvironmentProblem, PictureError
from colortk.harness.computed_features import (
    FeatureFunctions,
    Features,
    compute,
    feature_functions,
)
from colortk.harness.duplicate_pixels import pixel_digest
from colortk.harness.metric_weights import weights_digest
from colortk.harness.metrics.colorfulness import colorfulness
from colortk.harness.metrics.pair import Pair, ScoredPicture, Truth
from colortk.harness.plugin_processes import (
    close_other_runs,
    loading_seconds,
    plugin_process,
    predict_twice,
)
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import reference_picture
from colortk.harness.records import PictureRow, ResultRow
from colortk.harness.scoring import Scorer
from colortk.harness.tasks import Task, TaskResult
from colortk.harness.thumbnails import heat_map, histogram, thumbnail
from colortk.pipeline import ChromaGuide, Refiner, colorize, refiner
from colortk.plugin.registry import registry
from colortk.runtime.provenance import running_metric_code, snapshot
from colortk.runtime.subprocesses import keep_freed_memory
from colortk.types import Float32

#: Takes a plugin and the original; returns the guide of the prediction, or ``None``.
MakeGuide = Callable[[PluginVariant, Truth], ChromaGuide | None]


@lru_cache(maxsize=1)
def configure_process(threads: int | None) -> None:
    """Configure a worker process once: share the cores, and keep freed memory for reuse."""
    if threads is None:
        return
    cv2.setNumThreads(threads)
    os.environ["COLORTK_THREADS"] = str(threads)  # read when a network is loaded
    # Dask tells its workers to return freed memory at once. Planes of a quarter of a megabyte,
    # allocated and returned thousands of times, would take half as much time again.
    os.environ.pop("MALLOC_TRIM_THRESHOLD_", None)
    keep_freed_memory()
    gc.freeze()  # Imported objects need not be traversed by every collection.


@lru_cache(maxsize=4)
def _scorer(metrics: tuple[tuple[str, str], ...]) -> Scorer:
    check_metric_code(metrics)
    return Scorer([name for name, _ in metrics])


@lru_cache(maxsize=4)
def _feature_functions(metrics: tuple[tuple[str, str], ...]) -> FeatureFunctions:
    check_metric_code(metrics)
    return feature_functions(metrics)


def _features(picture: ScoredPicture, task: Task) -> Features:
    """Compute the features that metrics of sets need."""
    return compute(picture, _feature_functions(task.set_metrics))


def check_metric_code(metrics: tuple[tuple[str, str], ...]) -> None:
    """Raise ``EnvironmentProblem`` if a metric's code differs from the code that was looked up."""
    specs = {name: registry().metric(name) for name, _ in metrics}
    with snapshot():
        codes = {name: running_metric_code(spec) for name, spec in specs.items()}
    for name, code in metrics:
        if codes[name] + weights_digest(specs[name]) != code:
            raise EnvironmentProblem(
                f"metric '{name}' differs on this worker",
                "its code differs from the code where the comparison was started",
                "install the same versions everywhere, and restart the workers",
            )


@lru_cache(maxsize=4)
def refiner_of(name: str) -> Refiner:
    """Return the refinement ``name``, which is kept for the next picture."""
    return refiner(name)


def score_picture(task: Task) -> TaskResult:
    """Colorize and score the picture of a task with every plugin of the task."""
    return score_variants(task, lambda variant, truth: None)


def score_variants(task: Task, make_guide: MakeGuide) -> TaskResult:
    """Colorize and score the picture of a task with every plugin, guided by hints or not.

    Parameters
    ----------
    task : Task
        The picture.
    make_guide : callable
        Called with a plugin and the original; returns the guide of the prediction, or ``None``.
    """
    configure_process(task.threads)
    result = TaskResult(task.picture, task.name)
    try:
        original = reference_picture(task.data, task.name, task.protocol)
    except PictureError as error:
        result.error = str(error)
        return result
    truth = Truth(original.pixels)
    light = lightness(original.pixels)
    truth_features = _features(truth, task)
    loaded = loading_seconds()
    for variant in task.variants:
        try:
            guide = make_guide(variant, truth)
            row = _score_plugin(variant, task, truth, light, result, guide)
            row.errors |= truth_features.errors if row.error is None else {}
            result.rows[variant.label] = row
        except ColortkError as error:  # It cannot be loaded: no picture can be scored.
            result.unavailable[variant.label] = str(error)
    result.loading = loading_seconds() - loaded
    close_other_runs(task.run)
    result.picture = _picture_row(task, truth, light, original.enlarged)
    result.picture.features = truth_features.vectors
    return result


def _picture_row(task: Task, truth: Truth, light: Float32, enlarged: bool) -> PictureRow:
    """Describe the original. Called after the scores, which have computed most of the values."""
    return PictureRow(
        task.picture,
        task.name,
        light.shape[1],
        light.shape[0],
        float(truth.chroma.mean(dtype=np.float64)),
        colorfulness(truth.pixels),
        enlarged,
        histogram(*truth.planes[1:]),
        thumbnail(truth.pixels),
        thumbnail(gray_rgb(light)),
        pixel_digest(truth.pixels),
    )


def _score_plugin(
    variant: PluginVariant,
    task: Task,
    truth: Truth,
    light: Float32,
    result: TaskResult,
    guide: ChromaGuide | None,
) -> ResultRow:
    row = ResultRow(task.picture, variant.key, version=variant.version)
    plugin = plugin_process(variant, task)
    row.sealed = plugin.sealed
    start = time.perf_counter()
    try:
        refine = refiner_of(task.protocol.refine)
        colorized = colorize(light, plugin, refine, variant.strength, guide=guide)
    except PictureError as error:
        row.error, row.fatal = str(error), not plugin.alive
        row.limit = task.timeout if plugin.late else None
        row.seconds = time.perf_counter() - start
        return row
    middle = time.perf_counter()
    rgb = colorized.rgb
    if plugin.last is not None:
        row.seconds, row.peak_memory = plugin.last.seconds, plugin.last.peak_memory
    pair = Pair(truth, rgb)
    scores = _scorer(task.metrics).score(pair)
    row.values, row.errors, row.metric_seconds = scores.values, scores.errors, scores.seconds
    features = _features(pair.result, task)
    row.features, row.metric_seconds = features.vectors, row.metric_seconds + features.seconds
    row.errors |= features.errors
    after = time.perf_counter()
    row.result, row.heat = thumbnail(rgb), heat_map(pair.delta_e94)
    row.histogram = histogram(*pair.result.planes[1:])
    row.host_seconds = middle - start - row.seconds + time.perf_counter() - after
    if task.predicts_twice:  # Last: its time belongs neither to the plugin nor to the host.
        row.repeat = predict_twice(variant, task, plugin, light, colorized.ab, result)
    return row
