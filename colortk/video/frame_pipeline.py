"""Color frames of a film: prediction, steady colors and coloring, in parallel."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from colortk.runtime.predictors import FilmPredictor, WholeFilmPredictor
from colortk.runtime.prefetch import prefetch
from colortk.types import Float32
from colortk.video.colorize_frame import FrameSettings, YuvPlanes, color_planes, plugin_lightness
from colortk.video.encoding import Encoding
from colortk.video.film_hints import FilmHints, TrackedPoint
from colortk.video.film_properties import Film
from colortk.video.film_reader import Frame
from colortk.video.film_settings import FilmSettings
from colortk.video.keyframes import KeyframePropagation
from colortk.video.smoothing import Smoother, State

#: Number of frames in a batch, for plugins that accept batches.
BATCH = 8


@dataclass(frozen=True)
class FilmJob:
    """What is done with a film, and how."""

    path: Path
    film: Film
    plugin: FilmPredictor
    settings: FilmSettings
    encoding: Encoding
    frame_settings: FrameSettings
    notes: list[str]


@dataclass(frozen=True)
class ColorizedFrame:
    """A color frame, and what a segment keeps if it ends with it.

    Parameters
    ----------
    planes : YuvPlanes
        The color frame.
    frame : Frame
        The gray frame.
    state : State or None
        State of the smoothing after the frame.
    cuts : int
        Number of cuts so far.
    may_end : bool
        Whether a segment may end with the frame.
    points : tuple of TrackedPoint
        Where hints are.
    """

    planes: YuvPlanes
    frame: Frame
    state: State | None
    cuts: int
    may_end: bool = True
    points: tuple[TrackedPoint, ...] = ()


def colorized_frames(
    job: FilmJob,
    read: Iterator[Frame],
    first: int | None,
    state: State | None,
    cuts: int,
    points: Sequence[TrackedPoint] | None,
) -> Generator[ColorizedFrame, None, None]:
    """Yield the color frames of a film.

    Parameters
    ----------
    job : FilmJob
        The film and the settings.
    read : iterator of Frame
        Its gray frames.
    first : int or None
        The first time stamp that is colorized. A plugin that gets all frames in order also gets
        those before it.
    state : State or None
        State of the smoothing at the end of an earlier run that is continued.
    cuts : int
        Number of cuts in that run.
    points : sequence of TrackedPoint, or None
        Where hints were at its end.
    """
    if job.settings.temporal == "keyframes":
        return _keyframed(job, read, first, state, cuts, points)
    if job.settings.temporal == "plugin":
        return _each_predicted(job, read, None, first)
    smoother = Smoother() if job.settings.temporal == "flow" else None
    if smoother is not None:
        smoother.state, smoother.cuts = state, cuts
    return _each_predicted(job, read, smoother)


def _keyframed(
    job: FilmJob,
    read: Iterator[Frame],
    first: int | None,
    state: State | None,
    cuts: int,
    points: Sequence[TrackedPoint] | None,
) -> Generator[ColorizedFrame, None, None]:
    """Yield color frames of predictions for keyframes; reading, motion and coloring in parallel."""
    settings = job.frame_settings

    def lightness(frame: Frame) -> Float32:
        return plugin_lightness(frame.gray, job.plugin, settings.quarter_turns, settings.levels)

    hints = None
    if job.settings.hints:
        hints = FilmHints(job.settings.hints, job.film, lightness, job.notes, first, points)

    def predict(frame: Frame) -> Float32:
        if hints is None:
            return job.plugin.predict(lightness(frame))
        return hints.predict(frame, job.plugin)

    propagation = KeyframePropagation(
        predict, job.settings.keyframes,
        settings.quarter_turns, settings.levels, hints, job.film,
    )  # fmt: skip
    propagation.state, propagation.cuts = state, cuts
    source = prefetch(read)
    chroma = prefetch(propagation(source))

    def color_frames() -> Generator[ColorizedFrame, None, None]:
        try:
            for item in chroma:
                planes = color_planes(item.frame.gray, item.ab, settings, None)
                is_key = item.state is not None
                yield ColorizedFrame(planes, item.frame, item.state, item.cuts, is_key, item.points)
        finally:
            chroma.close()
            source.close()

    return prefetch(color_frames())


def _each_predicted(
    job: FilmJob, source: Iterator[Frame], smoother: Smoother | None, first: int | None = None
) -> Generator[ColorizedFrame, None, None]:
    """Yield color frames; reading, prediction and coloring run in separate threads."""
    plugin, frame_settings = job.plugin, job.frame_settings
    levels, turns = frame_settings.levels, frame_settings.quarter_turns
    read = prefetch(
        (frame, plugin_lightness(frame.gray, plugin, turns, levels)) for frame in source
    )
    if job.settings.temporal == "plugin":
        assert isinstance(plugin, WholeFilmPredictor)
        predicted = prefetch(_predicted_in_order(read, plugin, first))
    else:
        predicted = prefetch(_predicted(read, plugin))

    def color_frames() -> Generator[ColorizedFrame, None, None]:
        try:
            for frame, ab in predicted:
                planes = color_planes(frame.gray, ab, frame_settings, smoother)
                state, cuts = (smoother.state, smoother.cuts) if smoother else (None, 0)
                yield ColorizedFrame(planes, frame, state, cuts)
        finally:
            predicted.close()

    return prefetch(color_frames())


def _predicted(
    read: Generator[tuple[Frame, Float32], None, None], plugin: FilmPredictor
) -> Generator[tuple[Frame, Float32], None, None]:
    """Yield frames and their chroma. Predict batches if the plugin accepts them."""
    count = BATCH if plugin.takes_batches else 1
    try:
        while batch := list(islice(read, count)):
            predictions = plugin.predict_many([light for _, light in batch])
            for (frame, _), ab in zip(batch, predictions, strict=True):
                yield frame, ab
    finally:
        read.close()


def _predicted_in_order(
    read: Generator[tuple[Frame, Float32], None, None],
    plugin: WholeFilmPredictor,
    first: int | None,
) -> Generator[tuple[Frame, Float32], None, None]:
    """Yield frames from ``first`` on and their chroma. The plugin gets all frames in order."""
    waiting: deque[Frame] = deque()

    def lightnesses() -> Iterator[Float32]:
        for frame, light in read:
            waiting.append(frame)
            yield light

    try:
        for ab in plugin.predict_film(lightnesses()):
            frame = waiting.popleft()
            if first is None or frame.pts >= first:
                yield frame, ab
    finally:
        read.close()
