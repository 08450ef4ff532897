"""A short film of a visitor, as ``colortk video`` does it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from colortk.errors import PictureError
from colortk.ui.limits import Limits
from colortk.ui.picture_conversion import SUFFIX
from colortk.ui.plugin_pool import PooledPlugin
from colortk.video.colorize_film import FilmSettings, colorize_film
from colortk.video.film_reader import film_stream, open_film, probe

#: Of the result: what every browser plays.
CONTAINER = "mp4"


@dataclass(frozen=True)
class ColorizedClip:
    """A coloured film, and what is to be said of it."""

    file: Path
    frames: int
    frames_per_second: float
    notes: list[str] = field(default_factory=list)


def colorize_clip(
    path: Path,
    name: str,
    plugin: PooledPlugin,
    strength: float,
    steady: bool,
    limits: Limits,
    folder: Path,
    advance: Callable[[int, int | None], None],
) -> ColorizedClip:
    """Colorize the film ``path``, called ``name``, into ``folder``.

    ``advance``: called with frames done and frames in all (``None``: not known); what it raises ends
    the work. Raises ``PictureError``, ``PredictionError`` or ``UsageError``.
    """
    notes = []
    seconds = _seconds(path, name, limits)
    end = None
    if seconds is None or seconds > limits.film_seconds:
        end = limits.film_seconds
        if seconds is not None:
            notes.append(f"Only its first {end:g} s of {seconds:.0f}: that is the limit here")
    output = folder / f"{Path(name).stem}{SUFFIX}.{CONTAINER}"
    settings = FilmSettings(
        output,
        strength=strength * plugin.strength,
        steady=steady,
        end=end,
        segment_seconds=2 * limits.film_seconds,  # nobody will resume it
    )

    def begin(total: int | None) -> Callable[[int], None]:
        done = 0

        def one_more(count: int) -> None:
            nonlocal done
            done += count
            if done > limits.film_frames:
                raise PictureError(
                    f"'{name}' has too many frames", f"{limits.film_frames} are the limit here"
                )
            advance(done, total)

        return one_more

    summary = colorize_film(path, plugin, settings, begin)
    notes += summary.notes
    if summary.lost_frames:
        notes.append(f"{summary.lost_frames} frames could not be read: they are not in the result")
    return ColorizedClip(output, summary.frames, summary.frames_per_second, notes)


def _seconds(path: Path, name: str, limits: Limits) -> float | None:
    """How long the film is, if it says; its size is looked at before anything is decoded."""
    size = path.stat().st_size if path.exists() else 0
    if size > limits.upload:
        raise PictureError(f"cannot read '{name}'", limits.too_large(size))
    with contextlib.closing(open_film(path)) as container:
        stream = film_stream(container)
        width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > limits.film_pixels:
        raise PictureError(
            f"cannot colorize '{name}' here",
            f"{width} × {height} is over the limit of {limits.film_pixels:,} pixels a frame",
        )
    return probe(path).seconds
