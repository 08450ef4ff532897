"""A whole film: grey frames → plugin → colour → encoder, side by side, a stretch at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from colortk._opencv import cv2
from colortk.errors import PictureError, UsageError
from colortk.io.files import refuse_special
from colortk.pipeline import refiner
from colortk.runtime.loading import FilmPredictor
from colortk.runtime.prefetch import prefetch
from colortk.runtime.provenance import colorizer_code
from colortk.runtime.subprocesses import cores
from colortk.types import Float32
from colortk.video import fps_overlay
from colortk.video.colorize_frame import FrameSettings, Planes, color_planes, plugin_lightness
from colortk.video.film_reader import Film, Frame, Losses, frames, probe
from colortk.video.muxing import check_container, mux_film
from colortk.video.segment_folder import Segment, SegmentFolder
from colortk.video.segment_writer import Encoding, SegmentWriter, check_encoding
from colortk.video.smoothing import Smoother, State

#: Frames that a plugin which takes batches is given at once.
BATCH = 8


@dataclass(frozen=True)
class FilmSettings:
    """What ``video`` does with a film.

    ``begin``, ``end``: seconds, of the part that is wanted. ``stretch``: seconds that are finished
    at once, and so the most that an interruption can cost.
    """

    output: Path
    encoding: Encoding = field(default_factory=Encoding)
    refine: str = "ratio"
    strength: float = 1.0
    steady: bool = True
    begin: float | None = None
    end: float | None = None
    label: bool = False
    force: bool = False
    resume: bool = False
    segment_seconds: float = 10.0


@dataclass
class FilmSummary:
    """What became of a film, for ``--json``. ``frames_per_second``: of this run, end to end."""

    input: str
    output: str
    plugin: str
    width: int = 0
    height: int = 0
    codec: str = ""
    frames: int = 0
    resumed: int = 0
    seconds: float = 0.0
    frames_per_second: float = 0.0
    cuts: int = 0
    lost_frames: int = 0
    copied: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class _ColorizedFrame:
    planes: Planes
    frame: Frame
    state: State | None
    cuts: int


def default_output(film: Path) -> Path:
    """Return the path of the result of ``film`` if none is named: ``NAME-colorized.EXT``."""
    return film.with_name(f"{film.stem}-colorized{film.suffix or '.mp4'}")


def colorize_film(
    path: Path,
    plugin: FilmPredictor,
    settings: FilmSettings,
    begin: Callable[[int | None], Callable[[int], None]] = lambda total: lambda n: None,
) -> FilmSummary:
    """Colorize the film ``path`` into ``settings.output``, whole or not at all.

    ``begin``: called with the number of frames, if it is known; what it returns is called with
    1 for every frame. What was not finished lies in ``OUT.parts``. Raises ``UsageError``,
    ``PictureError`` or ``PredictionError``.
    """
    start = time.perf_counter()
    # The stages share the cores; OpenCV's own threads on top of them would wait for each other.
    cv2.setNumThreads(max(1, cores() // 4))
    output = settings.output
    film = _checked(path, settings)
    refine = refiner(settings.refine)
    segments = SegmentFolder(output)
    segments.begin(_key(path, plugin, settings), settings.resume, settings.force)
    summary = FilmSummary(str(path), str(output), plugin.spec.name, film.width, film.height)
    summary.codec = settings.encoding.codec
    half = settings.encoding.half(film)
    if not half:
        summary.notes.append(
            f"{film.width} × {film.height} is odd: chroma is stored at full size (yuv444p), which"
            " not every player shows"
        )
    if film.deep:
        summary.notes.append("it has more than 8 bits a channel: they were reduced")
    frame_settings = FrameSettings(
        refine, film.weights, half, settings.strength, film.quarter_turns,
        settings.refine == "ratio",
    )  # fmt: skip
    losses = Losses(broken=segments.finished[-1].broken if segments.finished else 0)
    summary.resumed = sum(segment.frames for segment in segments.finished)
    span = _span(film, settings)
    advance = begin(_expected(film, span))
    advance(summary.resumed)
    try:
        _encode(path, film, plugin, settings, frame_settings, segments, losses, span, advance)
        if not segments.finished:
            raise PictureError(f"'{path}' has no frames in that part", hint="see --from and --to")
        summary.copied = mux_film(path, output, segments, film, span, settings.force, summary.notes)
    except BaseException:
        if not segments.finished:
            segments.remove()
        raise
    segments.remove()
    summary.frames = sum(segment.frames for segment in segments.finished)
    summary.cuts = segments.finished[-1].cuts
    summary.lost_frames = losses.total
    summary.seconds = time.perf_counter() - start
    summary.frames_per_second = (summary.frames - summary.resumed) / summary.seconds
    return summary


def _checked(path: Path, settings: FilmSettings) -> Film:
    """The film, if it and the settings go together; nothing has been written yet."""
    output = settings.output
    refuse_special(output, UsageError)
    if output.exists():
        with contextlib.suppress(OSError):
            if output.samefile(path):
                raise UsageError(f"'{path}' would be overwritten by its own result")
        if not settings.force:
            raise PictureError(f"'{output}' exists", hint="use --force to overwrite")
    if not output.parent.is_dir():
        raise PictureError(
            f"cannot write '{output}'", f"the folder '{output.parent}' does not exist",
            "create it first",
        )  # fmt: skip
    begin, end = settings.begin, settings.end
    if begin is not None and end is not None and begin >= end:
        raise UsageError(f"--from {begin:g} --to {end:g}", "the part has no length")
    film = probe(path)
    check_encoding(settings.encoding, film)
    check_container(output, film, settings.encoding)
    return film


def _key(path: Path, plugin: FilmPredictor, settings: FilmSettings) -> dict[str, Any]:
    """All that two runs must have in common for one to go on where the other stopped."""
    status = path.stat()
    told = dataclasses.asdict(settings)
    for name in ("output", "force", "resume", "label"):
        del told[name]
    return {
        "input": [str(path.resolve()), status.st_size, status.st_mtime_ns],
        "plugin": [plugin.spec.name, plugin.digest, plugin.options_key],
        "code": colorizer_code(plugin.spec, settings.refine, "film"),
        **told,
    }


def _span(film: Film, settings: FilmSettings) -> tuple[Fraction, Fraction | None] | None:
    """The wanted part in seconds of the film's own time, which need not begin at 0."""
    if settings.begin is None and settings.end is None:
        return None
    end = None if settings.end is None else film.start + _exact(settings.end)
    return film.start + _exact(settings.begin or 0), end


def _exact(seconds: float) -> Fraction:
    """0.2 as it was meant: a binary fraction just above it would leave out the frame at 0.2."""
    return Fraction(seconds).limit_denominator(1_000_000)


def _expected(film: Film, span: tuple[Fraction, Fraction | None] | None) -> int | None:
    """How many frames there will be, if the film says how long it is."""
    if span is None and film.frames:
        return film.frames
    if film.seconds is None:
        return None
    begin, end = span or (film.start, None)
    over = film.start + Fraction(film.seconds)
    seconds = min(end, over) - begin if end is not None else over - begin
    return max(1, round(seconds * film.rate))


def _encode(
    path: Path,
    film: Film,
    plugin: FilmPredictor,
    settings: FilmSettings,
    frame_settings: FrameSettings,
    segments: SegmentFolder,
    losses: Losses,
    span: tuple[Fraction, Fraction | None] | None,
    advance: Callable[[int], None],
) -> None:
    """Make all stretches that are not there yet."""
    first = last = None
    if span is not None:
        first = -int(-span[0] // film.time_base)
        last = None if span[1] is None else -int(-span[1] // film.time_base)
    if segments.finished:
        first = segments.finished[-1].last + 1
    smoother = Smoother() if settings.steady else None
    if smoother is not None:
        smoother.state = segments.state()
        smoother.cuts = segments.finished[-1].cuts if segments.finished else 0
    made = _pipeline(path, film, plugin, frame_settings, smoother, losses, first, last)
    rate = fps_overlay.Rate()
    length = settings.segment_seconds / film.time_base
    item = next(made, None)
    try:
        while item is not None:
            segment = SegmentWriter(segments.file(len(segments.finished)), film, settings.encoding)
            try:
                begun, count = item.frame.pts, 0
                while item is not None and item.frame.pts - begun < length:
                    now = rate.tick()
                    if settings.label:
                        fps_overlay.draw(item.planes, now)
                    segment.write(item.planes, item.frame.pts)
                    done, count = item, count + 1
                    advance(1)
                    item = next(made, None)
                end, duration = done.frame.pts, done.frame.duration
                stretch = Segment(count, begun, end, duration, losses.broken, done.cuts)
                segments.describe(stretch, done.state)
                segment.close()
            except BaseException:
                segment.discard()
                raise
            segments.add(stretch)
    finally:
        made.close()


def _pipeline(
    path: Path,
    film: Film,
    plugin: FilmPredictor,
    frame_settings: FrameSettings,
    smoother: Smoother | None,
    losses: Losses,
    first: int | None,
    last: int | None,
) -> Generator[_ColorizedFrame, None, None]:
    """Coloured frames; reading, predicting and colouring each in a thread of its own."""
    read = prefetch(
        (frame, plugin_lightness(frame.grey, plugin, frame_settings.quarter_turns))
        for frame in frames(path, film, losses, first, last)
    )
    predicted = prefetch(_predicted(read, plugin))

    def coloured() -> Generator[_ColorizedFrame, None, None]:
        try:
            for frame, ab in predicted:
                planes = color_planes(frame.grey, ab, frame_settings, smoother)
                state, cuts = (smoother.state, smoother.cuts) if smoother else (None, 0)
                yield _ColorizedFrame(planes, frame, state, cuts)
        finally:
            predicted.close()

    return prefetch(coloured())


def _predicted(
    read: Generator[tuple[Frame, Float32], None, None], plugin: FilmPredictor
) -> Generator[tuple[Frame, Float32], None, None]:
    """Frames and the plugin's chroma for them; several at once for a plugin that takes batches."""
    count = BATCH if plugin.takes_batches else 1
    try:
        while batch := list(islice(read, count)):
            answers = plugin.predict_many([light for _, light in batch])
            for (frame, _), ab in zip(batch, answers, strict=True):
                yield frame, ab
    finally:
        read.close()
