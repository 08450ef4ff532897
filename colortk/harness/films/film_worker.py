"""Score one film in a worker: give every frame to every plugin once, and score all rows.

All rows go through the film together, so that a frame is decoded once, motion is found once, and a
prediction serves both the row frame by frame and the steadied row. Only the values that the next
frame needs are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from colortk.errors import ColortkError, EnvironmentProblem, PictureError
from colortk.harness.duplicate_pixels import pixel_digest
from colortk.harness.films.film_rows import RowGroup, RunningRow
from colortk.harness.films.film_scorer import FilmScorer
from colortk.harness.films.film_variants import (
    FRAME_FACTS,
    gets_whole_film,
    is_original,
    is_steadied,
    keyframe_interval,
)
from colortk.harness.films.frame import ReferenceFrame, shown
from colortk.harness.films.reference_film import ReferenceFilm
from colortk.harness.films.whole_film_rows import WholeFilmGroup
from colortk.harness.metrics.colorfulness import colorfulness
from colortk.harness.picture_worker import check_metric_code, configure_process, refiner_of
from colortk.harness.plugin_processes import (
    close_other_runs,
    loading_seconds,
    plugin_process,
    predict_twice,
)
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.records import PictureRow, ResultRow
from colortk.harness.tasks import Task, TaskResult
from colortk.harness.thumbnails import thumbnail
from colortk.plugin.registry import registry
from colortk.runtime.provenance import running_film_scores_code
from colortk.types import Array
from colortk.video.colorize_frame import FrameSettings
from colortk.video.luma_tables import BT709


@dataclass(frozen=True)
class FilmTask(Task):
    """The task to score one film. ``name`` is its path, and ``data`` is empty.

    Parameters
    ----------
    stamp : (int, int)
        Size and time of change of the file when the task was made.
    """

    stamp: tuple[int, int] = (0, 0)


def file_stamp(path: Path) -> tuple[int, int]:
    """Return the size and the time of change of a file; raises ``OSError``."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=4)
def _scorers(metrics: tuple[tuple[str, str], ...]) -> tuple[FilmScorer, FilmScorer]:
    """Return the scorer of results, and the scorer of the original, which has no reference."""
    check_metric_code(metrics)
    names = [name for name, _ in metrics]
    originals_scorer = [name for name in names if not registry().metric(name).needs_reference]
    return FilmScorer(names), FilmScorer(originals_scorer)


def _check_code(task: FilmTask) -> None:
    """Raise ``EnvironmentProblem`` if the code that scores films has changed meanwhile."""
    code = running_film_scores_code()
    if not all(variant.key.code.endswith(code) for variant in task.variants):
        raise EnvironmentProblem(
            "the code that scores films has changed since the comparison began",
            hint="run the same command again",
        )


def score_film(task: FilmTask, tick: Callable[[int], None] = lambda n: None) -> TaskResult:
    """Colorize and score a film.

    Parameters
    ----------
    task : FilmTask
        The film.
    tick : callable
        Called with 1 for each frame.

    Returns
    -------
    TaskResult
    """
    configure_process(task.threads)
    _check_code(task)
    result = TaskResult(task.picture, task.name)
    path, loaded = Path(task.name), loading_seconds()
    try:
        film = ReferenceFilm(path, task.protocol)
        groups = _group_rows(task, film, result)
        result.loading = loading_seconds() - loaded
        original = next((e for e in task.variants if is_original(e)), None)
        picture = _score_frames(film, task, groups, original, result, tick)
        if file_stamp(path) != task.stamp:
            raise PictureError(f"cannot use '{path}'", "it changed while being read")
    except PictureError as error:
        return TaskResult(task.picture, task.name, error=str(error), unavailable=result.unavailable)
    except OSError as error:
        return TaskResult(task.picture, task.name, error=f"cannot read '{path}': {error.strerror}")
    close_other_runs(task.run)
    result.picture = picture
    return result


def _group_rows(task: FilmTask, film: ReferenceFilm, result: TaskResult) -> list[RowGroup]:
    """Group the rows by plugin and options; leave out plugins that cannot be loaded."""
    scorer, _ = _scorers(task.metrics)
    frame_settings = FrameSettings(
        refiner_of(task.protocol.refine), BT709, (1, 1), ratio=task.protocol.refine == "ratio"
    )
    groups: dict[object, RowGroup] = {}
    for variant in task.variants:
        if not is_original(variant):
            row = RunningRow(
                variant,
                ResultRow(task.picture, variant.key, version=variant.version),
                replace(frame_settings, strength=variant.strength),
                scorer.begin(),
                is_steadied(variant),
                keyframe_interval(variant),
                film.middle,
            )
            whole = gets_whole_film(variant)
            group = WholeFilmGroup([]) if whole else RowGroup([])
            groups.setdefault((variant.request, whole), group).rows.append(row)
    for group in groups.values():
        try:
            group.plugin = plugin_process(group.rows[0].variant, task)
            for row in group.rows:
                row.result.sealed = group.plugin.sealed
        except ColortkError as error:  # The plugin fails on every film.
            result.unavailable |= {row.variant.label: str(error) for row in group.rows}
    return [group for group in groups.values() if group.plugin is not None]


def _score_frames(
    film: ReferenceFilm,
    task: FilmTask,
    groups: list[RowGroup],
    original: PluginVariant | None,
    result: TaskResult,
    tick: Callable[[int], None],
) -> PictureRow:
    """Score all frames with all rows; fill ``result``, and return the description of the film."""
    _, originals_scorer = _scorers(task.metrics)
    original_scores = originals_scorer.begin()
    picture = PictureRow(task.picture, task.name, film.width, film.height, 0.0, 0.0, film.enlarged)
    # The film's digest selects one of the scored frames, not the first if there are others.
    later = film.scored[1:] or film.scored
    repeated_frame = later[int(task.picture, 16) % len(later)] if task.predicts_twice else None
    pixels = hashlib.sha256()
    going = list(groups)
    for frame in film.frames():
        tick(1)
        if original is not None:
            original_scores.add(frame.original(), frame.scored)
        if frame.scored:
            pixels.update(pixel_digest(frame.truth.pixels).encode())
            share = 1 / len(film.scored)
            picture.chroma += share * float(frame.truth.chroma.mean(dtype=np.float64))
            picture.colorfulness += share * colorfulness(frame.truth.pixels)
        if frame.number == film.middle:
            picture.truth, picture.gray = thumbnail(frame.truth.pixels), thumbnail(_gray(frame))
        for group in list(going):
            try:
                group.add(frame, frame.number == repeated_frame)
            except PictureError as error:
                group.fail(frame.number, error, task.timeout)
                going.remove(group)
    picture.pixels = pixels.hexdigest()
    for group in list(going):
        try:
            group.end()
        except PictureError as error:
            group.fail(film.frame_count - 1, error, task.timeout)
            going.remove(group)
        else:
            _repeat(group, task, result)
    for group in groups:
        rows = group.finish() if group in going else group.rows
        result.rows |= {row.variant.label: row.result for row in rows}
    if original is not None:
        scores = original_scores.finish()
        values = scores.values | dict(
            zip(FRAME_FACTS, (film.frame_count, film.lost_count), strict=True)
        )
        result.rows[original.label] = ResultRow(task.picture, original.key, values, scores.errors)
    return picture


def _repeat(group: RowGroup, task: FilmTask, result: TaskResult) -> None:
    """Predict one frame again, as for pictures."""
    if not task.predicts_twice or group.repeatable is None or group.plugin is None:
        return
    repeat = predict_twice(group.rows[0].variant, task, group.plugin, *group.repeatable, result)
    for row in group.rows:
        row.result.repeat = repeat


def _gray(frame: ReferenceFrame) -> Array:
    zero = np.zeros_like(frame.lightness)
    return shown(np.stack([frame.lightness, zero, zero], -1))
