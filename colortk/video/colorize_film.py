"""Colorize a film, segment by segment: gray frames → plugin → color → encoder, in parallel."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from colortk._opencv import cv2
from colortk.errors import PictureError, UsageError
from colortk.io.files import refuse_special
from colortk.pipeline import refiner
from colortk.runtime.film_frames import need_film
from colortk.runtime.predictors import FilmPredictor
from colortk.runtime.provenance import colorizer_code
from colortk.runtime.subprocesses import cores
from colortk.video import fps_overlay
from colortk.video.colorize_frame import FrameSettings
from colortk.video.encoding import Encoding, choose_encoding, encoding_notes
from colortk.video.fields import read_fields
from colortk.video.film_container import Losses
from colortk.video.film_properties import Film, probe
from colortk.video.film_reader import frames
from colortk.video.film_settings import FilmSettings, FilmSummary
from colortk.video.frame_pipeline import FilmJob, colorized_frames
from colortk.video.muxing import check_container, mux_film
from colortk.video.segment_folder import Segment, SegmentFolder
from colortk.video.segment_writer import SegmentWriter


def colorize_film(
    path: Path,
    plugin: FilmPredictor,
    settings: FilmSettings,
    begin: Callable[[int | None], Callable[[int], None]] = lambda total: lambda n: None,
) -> FilmSummary:
    """Colorize a film, completely or not at all. Until then, segments lie in ``OUT.parts``.

    Parameters
    ----------
    path : Path
        The film.
    plugin : FilmPredictor
        The colorizer.
    settings : FilmSettings
        Settings.
    begin : callable
        Called with the number of frames, or ``None`` if it is unknown. It returns a function that
        is called with the number of new frames.

    Returns
    -------
    FilmSummary
        The result.

    Raises
    ------
    UsageError
        If settings are wrong or do not fit the film.
    PictureError
        If the film cannot be read or written, or the output exists.
    PredictionError
        If the plugin fails.
    """
    threads = cv2.getNumThreads()
    # The stages share the cores. With more threads, the threads of OpenCV would wait for each
    # other.
    cv2.setNumThreads(max(1, cores() // 4))
    try:
        return _colorize_film(path, plugin, settings, begin)
    finally:
        cv2.setNumThreads(threads)


def _colorize_film(
    path: Path,
    plugin: FilmPredictor,
    settings: FilmSettings,
    begin: Callable[[int | None], Callable[[int], None]],
) -> FilmSummary:
    start = time.perf_counter()
    output = settings.output
    segments = SegmentFolder(output)
    if settings.resume and not settings.force and output.is_file() and not segments.folder.exists():
        _refuse_input(path, output)
        return FilmSummary(str(path), str(output), plugin.spec.name, already_done=True)
    if settings.temporal == "plugin":
        need_film(plugin.spec)
    film, encoding = _checked(path, settings)
    refine = refiner(settings.refine)
    segments.begin(_key(path, plugin, settings), settings.resume, settings.force)
    summary = FilmSummary(str(path), str(output), plugin.spec.name, film.width, film.height)
    summary.codec, summary.pix_fmt = str(encoding.codec), str(encoding.pix_fmt)
    summary.field_order, summary.deinterlaced = film.order, film.deinterlaced
    summary.notes += [*film.notes, *encoding_notes(encoding, film)]
    frame_settings = FrameSettings(
        refine, film.tags.weights, encoding.subsampling, settings.strength, film.quarter_turns,
        settings.refine == "ratio", encoding.levels(film), film.interlaced,
    )  # fmt: skip
    # A plugin that remembers earlier frames gets them again, and they are read again.
    again = not segments.finished or settings.temporal == "plugin"
    losses = Losses(broken=0 if again else segments.finished[-1].broken)
    summary.resumed = sum(segment.frames for segment in segments.finished)
    span = _span(film, settings)
    advance = begin(_expected(film, span))
    advance(summary.resumed)
    try:
        job = FilmJob(path, film, plugin, settings, encoding, frame_settings, summary.notes)
        _encode(job, segments, losses, span, advance)
        if not segments.finished:
            raise PictureError(
                f"'{path}' has no frames between --from and --to",
                hint="the film is shorter; check the times",
            )
        summary.copied = mux_film(path, output, segments, film, span, settings.force, summary.notes)
    except BaseException as error:
        if not segments.finished:
            segments.remove()
        elif isinstance(error, PictureError) and not error.hint:  # for example, the disk is full
            raise PictureError(
                error.problem, error.reason,
                f"the finished parts are kept in '{segments.folder}':"
                " run the same command with --resume to continue",
            ) from error  # fmt: skip
        raise
    segments.remove()
    summary.frames = sum(segment.frames for segment in segments.finished)
    summary.cuts = segments.finished[-1].cuts
    summary.lost_frames = losses.total
    summary.seconds = time.perf_counter() - start
    summary.frames_per_second = (summary.frames - summary.resumed) / summary.seconds
    return summary


def _checked(path: Path, settings: FilmSettings) -> tuple[Film, Encoding]:
    """Return the properties of the film and its encoding, if the settings fit it."""
    output = settings.output
    refuse_special(output, UsageError)
    if output.exists():
        _refuse_input(path, output)
        if not settings.force:
            raise PictureError(f"'{output}' exists", hint="use --force to overwrite")
    if not output.parent.is_dir():
        raise PictureError(
            f"cannot write '{output}'", f"the folder '{output.parent}' does not exist",
            "create it first",
        )  # fmt: skip
    begin, end = settings.begin, settings.end
    if begin is not None and end is not None and begin >= end:
        raise UsageError(f"--from {begin:g} --to {end:g}", "the start is not before the end")
    if settings.hints and settings.temporal != "keyframes":
        raise UsageError(
            f"hints with --temporal {settings.temporal}", "hints of a film belong to keyframes",
            "use --temporal keyframes",
        )  # fmt: skip
    film = probe(path)
    film = read_fields(path, film, settings.deinterlace, _span(film, settings))
    encoding = choose_encoding(settings.encoding, output, film)
    check_container(output, film, encoding)
    return film, encoding


def _refuse_input(path: Path, output: Path) -> None:
    """Raise ``UsageError`` if the output is the input."""
    with contextlib.suppress(OSError):
        if output.samefile(path):
            raise UsageError(
                f"the output would overwrite the input '{path}'", hint="choose another output"
            )


def _key(path: Path, plugin: FilmPredictor, settings: FilmSettings) -> dict[str, Any]:
    """Return the values that two runs must share, so that one can continue the other."""
    status = path.stat()
    values = dataclasses.asdict(settings)
    for name in ("output", "force", "resume", "label"):
        del values[name]
    return {
        "input": [str(path.resolve()), status.st_size, status.st_mtime_ns],
        "plugin": [plugin.spec.name, plugin.digest, plugin.options_key],
        "code": colorizer_code(plugin.spec, settings.refine, "film"),
        **values,
    }


def _span(film: Film, settings: FilmSettings) -> tuple[Fraction, Fraction | None] | None:
    """Return the part in seconds of the film's time stamps, which need not begin at 0."""
    if settings.begin is None and settings.end is None:
        return None
    end = None if settings.end is None else film.start + _exact(settings.end)
    return film.start + _exact(settings.begin or 0), end


def _exact(seconds: float) -> Fraction:
    """Return decimal seconds exactly; a binary fraction above 0.2 would skip the frame at 0.2."""
    return Fraction(seconds).limit_denominator(1_000_000)


def _expected(film: Film, span: tuple[Fraction, Fraction | None] | None) -> int | None:
    """Return the expected number of frames, if the film states its length."""
    if span is None and film.frames:
        return film.frames
    if film.seconds is None:
        return None
    begin, end = span or (film.start, None)
    film_end = film.start + Fraction(film.seconds)
    seconds = min(end, film_end) - begin if end is not None else film_end - begin
    return max(1, round(seconds * film.rate))


def _encode(
    job: FilmJob,
    segments: SegmentFolder,
    losses: Losses,
    span: tuple[Fraction, Fraction | None] | None,
    advance: Callable[[int], None],
) -> None:
    """Write all segments that are missing."""
    film, settings = job.film, job.settings
    first = last = None
    if span is not None:
        first = -int(-span[0] // film.time_base)
        last = None if span[1] is None else -int(-span[1] // film.time_base)
    begin = first
    if segments.finished:
        first = segments.finished[-1].last + 1
        begin = begin if settings.temporal == "plugin" else first
    state = segments.state()
    cuts = segments.finished[-1].cuts if segments.finished else 0
    points = segments.finished[-1].points if segments.finished else None
    read = frames(job.path, film, losses, begin, last, job.frame_settings.levels)
    colorized = colorized_frames(job, read, first, state, cuts, points)
    rate = fps_overlay.FrameRate()
    length = settings.segment_seconds / film.time_base
    item = next(colorized, None)
    try:
        while item is not None:
            writer = SegmentWriter(segments.file(len(segments.finished)), film, job.encoding)
            try:
                first_pts, count = item.frame.pts, 0
                may_end = False
                while item is not None and (item.frame.pts - first_pts < length or not may_end):
                    now = rate.tick()
                    if settings.label:
                        fps_overlay.draw(item.planes, now)
                    writer.write(item.planes, item.frame.pts)
                    finished_frame, count, may_end = item, count + 1, item.may_end
                    advance(1)
                    item = next(colorized, None)
                end, duration = finished_frame.frame.pts, finished_frame.frame.duration
                segment = Segment(
                    count,
                    first_pts,
                    end,
                    duration,
                    losses.broken,
                    finished_frame.cuts,
                    list(finished_frame.points),
                )
                segments.describe(segment, finished_frame.state)
                writer.close()
            except BaseException:
                writer.discard()
                raise
            segments.add(segment)
    finally:
        colorized.close()
