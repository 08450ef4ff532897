"""The rows of a table while a film is scored: frame by frame, averaged, or from keyframes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from colortk._opencv import cv2
from colortk.color.upsample import resize
from colortk.color.working_size import working_shape
from colortk.errors import PictureError
from colortk.harness.films.film_scorer import RunningScores
from colortk.harness.films.frame import FilmFrame, ReferenceFrame
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.records import ResultRow
from colortk.harness.thumbnails import heat_map, thumbnail
from colortk.runtime.isolate import Isolated
from colortk.types import Float32
from colortk.video.colorize_frame import FrameSettings, chroma_of
from colortk.video.film_reader import Frame
from colortk.video.keyframes import KeyframedFrame, KeyframePropagation
from colortk.video.smoothing import Smoother

#: Returns the chroma that a plugin predicts for a frame.
Predict = Callable[[ReferenceFrame], Float32]


class RunningRow:
    """One row of the table while the film is scored.

    Parameters
    ----------
    variant : PluginVariant
        The row.
    result : ResultRow
        What is stored of it.
    frame_settings : FrameSettings
        How frames are colorized.
    scores : RunningScores
        Its scores.
    steadied : bool
        Average colors along motion.
    interval : int or None
        Frames from one keyframe to the next; ``None``: each frame is predicted.
    middle : int
        Number of the frame that reports show.
    """

    def __init__(
        self,
        variant: PluginVariant,
        result: ResultRow,
        frame_settings: FrameSettings,
        scores: RunningScores,
        steadied: bool,
        interval: int | None,
        middle: int,
    ) -> None:
        self.variant, self.result, self.scores = variant, result, scores
        self._settings, self._middle = frame_settings, middle
        self._smoother = Smoother() if steadied else None
        self._propagation = None
        if interval is not None:
            self._propagation = KeyframePropagation(self._predict_keyframe, interval)
        self._predict: Predict | None = None
        #: Frames that were added and not scored, by number.
        self._waiting: dict[int, ReferenceFrame] = {}
        self._predicting = 0.0
        self.frames = self.predictions = 0
        #: Seconds of the host, without predictions and metrics.
        self.host = 0.0

    @property
    def is_keyframed(self) -> bool:
        """Whether only some frames are predicted."""
        return self._propagation is not None

    def add(self, reference: ReferenceFrame, predict: Predict) -> None:
        """Add the next frame. Raises ``PictureError`` if the plugin or the refinement fails."""
        self._predict = predict
        if self._propagation is None:
            self.predictions += 1
            self._score(reference, predict(reference))
            return
        self._waiting[reference.number] = reference
        self._score_all(self._propagation.add(Frame(reference.luma, reference.number, 1)))

    def end(self) -> None:
        """Score the frames that wait for the next keyframe. Raises as :meth:`add`."""
        if self._propagation is not None:
            self._score_all(self._propagation.finish())

    def _predict_keyframe(self, frame: Frame) -> Float32:
        assert self._predict is not None
        start = time.perf_counter()
        ab = self._predict(self._waiting[frame.pts])
        self._predicting += time.perf_counter() - start
        self.predictions += 1
        return ab

    def _score_all(self, frames: Iterable[KeyframedFrame]) -> None:
        start, self._predicting = time.perf_counter(), 0.0
        for item in frames:
            self.host += time.perf_counter() - start - self._predicting
            self._score(self._waiting.pop(item.frame.pts), item.ab)
            start, self._predicting = time.perf_counter(), 0.0
        self.host += time.perf_counter() - start - self._predicting

    def _score(self, reference: ReferenceFrame, ab: Float32) -> None:
        start = time.perf_counter()
        light = reference.lightness
        chroma = chroma_of(
            reference.luma, (light, light, light), ab, self._settings, self._smoother
        )
        frame = FilmFrame(reference, cv2.merge([light, chroma[..., 0], chroma[..., 1]]))
        self.frames += 1
        self.host += time.perf_counter() - start
        self.scores.add(frame, reference.scored)
        if reference.number == self._middle:
            self.result.result = thumbnail(frame.result)
            self.result.heat = heat_map(frame.pair.delta_e94)


@dataclass
class RowGroup:
    """The rows that share the predictions of one plugin with the same options.

    ``plugin`` predicts. ``repeatable`` has lightness and chroma of the frame that is predicted
    again after the last one.
    """

    rows: list[RunningRow]
    plugin: Isolated | None = field(default=None, repr=False)
    repeatable: tuple[Float32, Float32] | None = field(default=None, repr=False)
    _seconds: float = 0.0
    _count: int = 0
    _is_due: bool = False
    _recent: dict[int, Float32] = field(default_factory=dict, repr=False)

    def add(self, frame: ReferenceFrame, is_repeated: bool) -> None:
        """Score the next frame; with ``is_repeated``, keep it, to predict it again.

        If only keyframes are predicted, the next keyframe is kept instead. Raises ``PictureError``
        if the plugin or the refinement fails.
        """
        self._is_due |= is_repeated
        # A cut makes a keyframe of the frame before it.
        self._recent = {n: ab for n, ab in self._recent.items() if n >= frame.number - 1}
        for row in self.rows:
            row.add(frame, self._predict)

    def end(self) -> None:
        """Score the frames that are left. Raises ``PictureError`` as :meth:`add`."""
        for row in self.rows:
            row.end()

    def _predict(self, frame: ReferenceFrame) -> Float32:
        if frame.number in self._recent:
            return self._recent[frame.number]
        assert self.plugin is not None
        light = frame.lightness
        rows, columns = working_shape(self.plugin.spec.working_size, *light.shape)
        ab = self.plugin.predict(np.ascontiguousarray(resize(light, (columns, rows))))
        self._recent[frame.number] = ab
        self._count += 1
        if self._is_due or self.repeatable is None:
            self._is_due, self.repeatable = False, (light, ab)
        if self.plugin.last is not None:
            self._seconds += self.plugin.last.seconds
            for row in self.rows:
                row.result.peak_memory = self.plugin.last.peak_memory
        return ab

    @property
    def _mean_seconds(self) -> float:
        return self._seconds / max(1, self._count)

    def fail(self, number: int, error: PictureError, timeout: float | None) -> None:
        """Record that the plugin failed on a frame."""
        assert self.plugin is not None
        for row in self.rows:
            row.result.error = f"frame {number}: {error}"
            row.result.fatal = not self.plugin.alive
            row.result.limit = timeout if self.plugin.late else None
            row.result.seconds = self._mean_seconds

    def finish(self) -> Iterator[RunningRow]:
        """Yield the rows with their scores, and seconds per frame of the film."""
        for row in self.rows:
            scores = row.scores.finish()
            row.result.values, row.result.errors = scores.values, scores.errors
            row.result.metric_seconds, row.result.host_seconds = scores.seconds, row.host
            row.result.seconds = self._mean_seconds * row.predictions / max(1, row.frames)
            yield row
