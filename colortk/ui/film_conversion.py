"""Colorize a short film of a visitor, with the result of ``colortk video``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from colortk.errors import PictureError
from colortk.ui.limits import Limits
from colortk.ui.picture_conversion import SUFFIX
from colortk.ui.pooled_plugin import PooledPlugin
from colortk.video.colorize_film import colorize_film
from colortk.video.film_container import film_stream, open_film
from colortk.video.film_properties import probe
from colortk.video.film_settings import FilmSettings

#: Container format of results: every browser plays it.
CONTAINER = "mp4"


@dataclass(frozen=True)
class ColorizedClip:
    """A colorized film.

    Parameters
    ----------
    file : Path
        The film.
    frames : int
        Its frames.
    frames_per_second : float
        Frames that were colorized per second.
    notes : list of str
        One line for each property that was cut off or lost.
    """

    file: Path
    frames: int
    frames_per_second: float
    notes: list[str] = field(default_factory=list)


def colorize_clip(
    path: Path,
    name: str,
    plugin: PooledPlugin,
    strength: float,
    smooth_colors: bool,
    limits: Limits,
    folder: Path,
    advance: Callable[[int, int | None], None],
) -> ColorizedClip:
    """Colorize a film file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Its name, for messages and for the name of the result.
    plugin : PooledPlugin
        The colorizer.
    strength : float
        Factor on chroma, from 0 to 2.
    smooth_colors : bool
        Average colors along motion.
    limits : Limits
        Limits of the page.
    folder : Path
        Where the result is written.
    advance : callable
        Called with the number of finished frames and of all frames (``None`` if unknown). If it
        raises an error, the work ends.

    Raises
    ------
    PictureError, PredictionError, UsageError
        If the film cannot be read, colorized or written, or exceeds a limit.
    """
    notes = []
    seconds = _seconds(path, name, limits)
    end = None
    if seconds is None or seconds > limits.film_seconds:
        end = limits.film_seconds
        if seconds is not None:
            notes.append(
                f"Only the first {end:g} s of {seconds:.0f} s were colorized (limit of this page)"
            )
    output = folder / f"{Path(name).stem}{SUFFIX}.{CONTAINER}"
    settings = FilmSettings(
        output,
        strength=strength * plugin.strength,
        temporal="keyframes" if smooth_colors else "off",
        end=end,
        segment_seconds=2 * limits.film_seconds,  # one segment, because nothing can be resumed
    )

    def begin(total: int | None) -> Callable[[int], None]:
        frames_done = 0

        def advance_by(count: int) -> None:
            nonlocal frames_done
            frames_done += count
            if frames_done > limits.film_frames:
                raise PictureError(
                    f"'{name}' has too many frames",
                    f"the limit of this page is {limits.film_frames}",
                )
            advance(frames_done, total)

        return advance_by

    summary = colorize_film(path, plugin, settings, begin)
    notes += summary.notes
    if summary.lost_frames:
        notes.append(
            f"{summary.lost_frames} frames could not be read and are missing in the result"
        )
    return ColorizedClip(output, summary.frames, summary.frames_per_second, notes)


def _seconds(path: Path, name: str, limits: Limits) -> float | None:
    """Return the length of a film, if it states it. Check its size before anything is decoded."""
    size = path.stat().st_size if path.exists() else 0
    if size > limits.upload:
        raise PictureError(f"cannot read '{name}'", limits.too_large(size))
    with contextlib.closing(open_film(path)) as container:
        stream = film_stream(container)
        width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > limits.film_pixels:
        raise PictureError(
            f"cannot colorize '{name}' on this page",
            f"{width} × {height} exceeds the limit of {limits.film_pixels:,} pixels per frame",
        )
    return probe(path).seconds
