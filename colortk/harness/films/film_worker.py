"""Score one film in a worker: give every frame to every plugin once, and score all rows.

All rows go through the film together, so that a frame is decoded once, motion is found once, and a
prediction serves both the row frame by frame and the steadied row. Only the values that the next
frame needs are kept.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from colortk._opencv import cv2
from colortk.color.upsample import resize
from colortk.color.working_size import working_shape
from colortk.errors import ColortkError, EnvironmentProblem, PictureError
from colortk.harness.duplicate_pixels import pixel_digest
from colortk.harness.films.film_scorer import FilmScorer, RunningScores
from colortk.harness.films.film_variants import FRAME_FACTS, is_original, is_steadied
from colortk.harness.films.frame import FilmFrame, ReferenceFrame, shown
from colortk.harness.films.reference_film import ReferenceFilm
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
from colortk.harness.thumbnails import heat_map, thumbnail
from colortk.plugin.registry import registry
from colortk.runtime.isolate import Isolated
from colortk.runtime.provenance import running_film_scores_code
from colortk.types import Array, Float32
from colortk.video.colorize_frame import FrameSettings, chroma_of
from colortk.video.luma_tables import BT709
from colortk.video.smoothing import Smoother


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


@dataclass
class _RunningRow:
    """One row of the table while the film is scored."""

    variant: PluginVariant
    result: ResultRow
    frame_settings: FrameSettings
    smoother: Smoother | None
    scores: RunningScores
    host: float = 0.0

    def add(self, reference: ReferenceFrame, ab: Float32, middle: bool) -> None:
        start = time.perf_counter()
        light = reference.lightness
        chroma = chroma_of(
            reference.luma, (light, light, light), ab, self.frame_settings, self.smoother
        )
        frame = FilmFrame(reference, cv2.merge([light, chroma[..., 0], chroma[..., 1]]))
        self.host += time.perf_counter() - start
        self.scores.add(frame, reference.scored)
        if middle:
            self.result.result = thumbnail(frame.result)
            self.result.heat = heat_map(frame.pair.delta_e94)


@dataclass
class _Group:
    """The rows that share the predictions of one plugin with the same options.

    ``first`` holds lightness and chroma of the frame that is predicted again after the last one.
    """

    rows: list[_RunningRow]
    seconds: float = 0.0
    predicted_frames: int = 0
    plugin: Isolated | None = field(default=None, repr=False)
    first: tuple[Float32, Float32] | None = field(default=None, repr=False)

    def add(self, frame: ReferenceFrame, middle: bool, is_repeated: bool) -> None:
        """Score the next frame; with ``is_repeated``, keep it, to predict it again.

        Raises ``PictureError`` if the plugin or the refinement fails on it.
        """
        assert self.plugin is not None
        light = frame.lightness
        rows, columns = working_shape(self.plugin.spec.working_size, *light.shape)
        ab = self.plugin.predict(np.ascontiguousarray(resize(light, (columns, rows))))
        self.predicted_frames += 1
        if is_repeated:
            self.first = light, ab
        if self.plugin.last is not None:
            self.seconds += self.plugin.last.seconds
            for row in self.rows:
                row.result.peak_memory = self.plugin.last.peak_memory
        for row in self.rows:
            row.add(frame, ab, middle)

    def fail(self, number: int, error: PictureError, task: FilmTask) -> None:
        assert self.plugin is not None
        for row in self.rows:
            row.result.error = f"frame {number}: {error}"
            row.result.fatal = not self.plugin.alive
            row.result.limit = task.timeout if self.plugin.late else None
            row.result.seconds = self.seconds / max(1, self.predicted_frames)

    def repeat(self, task: FilmTask, result: TaskResult) -> None:
        """Predict one frame again, as for pictures."""
        if self.first is None or self.plugin is None:
            return
        repeat = predict_twice(self.rows[0].variant, task, self.plugin, *self.first, result)
        for row in self.rows:
            row.result.repeat = repeat

    def finish(self) -> Iterator[_RunningRow]:
        for row in self.rows:
            scores = row.scores.finish()
            row.result.values, row.result.errors = scores.values, scores.errors
            row.result.metric_seconds, row.result.host_seconds = scores.seconds, row.host
            row.result.seconds = self.seconds / max(1, self.predicted_frames)
            yield row


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
        groups = _group_rows(task, result)
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


def _group_rows(task: FilmTask, result: TaskResult) -> list[_Group]:
    """Group the rows by plugin and options; leave out plugins that cannot be loaded."""
    scorer, _ = _scorers(task.metrics)
    frame_settings = FrameSettings(
        refiner_of(task.protocol.refine), BT709, (1, 1), ratio=task.protocol.refine == "ratio"
    )
    groups: dict[object, _Group] = {}
    for variant in task.variants:
        if not is_original(variant):
            row = _RunningRow(
                variant,
                ResultRow(task.picture, variant.key, version=variant.version),
                replace(frame_settings, strength=variant.strength),
                Smoother() if is_steadied(variant) else None,
                scorer.begin(),
            )
            groups.setdefault(variant.request, _Group([])).rows.append(row)
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
    groups: list[_Group],
    original: PluginVariant | None,
    result: TaskResult,
    tick: Callable[[int], None],
) -> PictureRow:
    """Score all frames with all rows; fill ``result``, and return the description of the film."""
    _, originals_scorer = _scorers(task.metrics)
    original_scores = originals_scorer.begin()
    picture = PictureRow(task.picture, task.name, film.width, film.height, 0.0, 0.0, film.enlarged)
    middle = film.scored[len(film.scored) // 2]
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
        if frame.number == middle:
            picture.truth, picture.gray = thumbnail(frame.truth.pixels), thumbnail(_gray(frame))
        for group in list(going):
            try:
                group.add(frame, frame.number == middle, frame.number == repeated_frame)
            except PictureError as error:
                group.fail(frame.number, error, task)
                going.remove(group)
    picture.pixels = pixels.hexdigest()
    for group in going:
        group.repeat(task, result)
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


def _gray(frame: ReferenceFrame) -> Array:
    zero = np.zeros_like(frame.lightness)
    return shown(np.stack([frame.lightness, zero, zero], -1))
