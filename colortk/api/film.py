"""``colortk.colorize_video``: one film."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from colortk.api.guidance import HintsInput, parse_hints
from colortk.api.predictors import execution_settings, get_predictor
from colortk.errors import UsageError
from colortk.plugin.reference import plugin_with_reference
from colortk.plugin.registry import registry
from colortk.plugin.spec import DEFAULT
from colortk.runtime.loading import Loaded
from colortk.video.colorize_film import colorize_film
from colortk.video.encoding import Encoding
from colortk.video.film_settings import (
    FilmSettings,
    FilmSummary,
    default_output,
    default_temporal,
)
from colortk.video.temporal import DEINTERLACE, INTERVAL, MAX_INTERVAL, TEMPORAL


def colorize_video(
    film: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    plugin: str = DEFAULT,
    *,
    strength: float = 1.0,
    refine: str = "ratio",
    temporal: str | None = None,
    keyframes: int = INTERVAL,
    hints: HintsInput | None = None,
    reference: str | os.PathLike[str] | None = None,
    begin: float | None = None,
    end: float | None = None,
    codec: str | None = None,
    crf: float | None = None,
    preset: str | None = None,
    pix_fmt: str | None = None,
    deinterlace: str = "auto",
    fps_overlay: bool = False,
    segment_seconds: float = 10.0,
    resume: bool = False,
    force: bool = False,
    options: Mapping[str, Any] | None = None,
    weights: str | os.PathLike[str] | None = None,
    device: str | None = None,
    threads: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> FilmSummary:
    """Colorize a film, gray or in color.

    Size, time stamps, rotation, lightness and all other streams (sound, subtitles) are kept. The
    output is complete or absent: until it is complete, finished segments lie in the folder
    ``OUTPUT.parts``, from which ``resume`` continues.

    Parameters
    ----------
    film : str or path
        The input, of any type that FFmpeg reads.
    output : str or path, optional
        By default ``NAME-colorized.EXT`` beside the input. Its extension is the container format:
        .mp4, .m4v, .mov, .mkv, .webm, .avi or .ts.
    plugin : str
        Name of a colorizer.
    strength : float
        Factor on chroma, from 0 to 2.
    refine : str
        Name of a chroma refinement.
    temporal : {"keyframes", "flow", "off", "plugin"}, optional
        Colorize some frames and move their colors along motion to the others, colorize each frame
        and average colors along motion, colorize each frame by itself, or give all frames in order
        to a plugin that declares ``film``. By default "plugin" if the plugin can and there are no
        hints, else "keyframes".
    keyframes : int
        With "keyframes": frames from one colorized frame to the next, 1 to 250.
    hints : optional
        Colors at points, as for :func:`colortk.colorize`. From its ``frame`` or ``time`` on, a hint
        follows the motion until the next cut. Needs "keyframes".
    reference : path, optional
        A color picture, such as a painted frame, whose colors are used where frames match it. The
        plugin is then "exemplar", unless another one is named.
    begin, end : float, optional
        Part of the film, in seconds from its first frame.
    codec : str, optional
        Encoder of FFmpeg. By default ``libx264``; for films with 10 bits ``libx265``; for .webm
        ``libvpx-vp9``.
    crf : float, optional
        Quality of the encoder: lower values mean better quality and larger files.
    preset : str, optional
        Speed preset of the encoder.
    pix_fmt : str, optional
        Pixel format, for example ``"yuv420p10le"``. By default 4:2:0 with 8 or 10 bits as in the
        film.
    deinterlace : {"auto", "off", "bob"}
        Of an interlaced film, make one progressive frame per frame, keep the fields, or make a
        frame of each field.
    fps_overlay : bool
        Write the frames per second into the picture.
    segment_seconds : float
        Length of a segment: an interruption loses at most one segment.
    resume : bool
        Continue from the segments of an interrupted call with the same arguments.
    force : bool
        Overwrite the output.
    options, weights, device, threads
        As for :func:`colortk.colorize`.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of frames; ``total`` is ``None`` if the
        film does not state it. If it raises an error, the call ends.

    Returns
    -------
    FilmSummary
        Paths, size, codec, frames, lost frames, cuts, copied streams, and speed.

    Raises
    ------
    UsageError
        An argument is wrong.
    PictureError
        The film cannot be read, colorized or written, or the output exists.
    EnvironmentProblem
        PyAV is not installed.

    See Also
    --------
    colortk.colorize : Colorize a picture.

    Examples
    --------
    >>> import colortk
    >>> summary = colortk.colorize_video("old.mp4", "color.mp4", end=10)  # doctest: +SKIP
    >>> summary.frames, summary.lost_frames  # doctest: +SKIP
    (250, 0)
    """
    if (
        isinstance(strength, bool)
        or not isinstance(strength, int | float)
        or not 0 <= strength <= 2
    ):
        raise UsageError(f"strength {strength!r}", "it is a number from 0 to 2")
    if temporal is not None and temporal not in TEMPORAL:
        raise UsageError(f"temporal {temporal!r}", f"known values: {', '.join(TEMPORAL)}")
    if type(keyframes) is not int or not 1 <= keyframes <= MAX_INTERVAL:
        raise UsageError(
            f"keyframes={keyframes!r}", f"it is a whole number from 1 to {MAX_INTERVAL}"
        )
    if deinterlace not in DEINTERLACE:
        raise UsageError(f"deinterlace {deinterlace!r}", f"known values: {', '.join(DEINTERLACE)}")
    if not segment_seconds > 0:
        raise UsageError(f"segment_seconds={segment_seconds}", "it is a number above 0")
    film = Path(film)
    output = default_output(film) if output is None else Path(output)
    encoding = Encoding(codec, crf, preset, pix_fmt)
    points = tuple(parse_hints(hints))
    if temporal is None:
        temporal = "keyframes"
        if isinstance(plugin, str):
            name = plugin_with_reference(plugin, reference)
            temporal = default_temporal(registry().colorizer(name)[1], bool(points))
    settings = FilmSettings(
        output, encoding, refine, strength, temporal, begin, end, fps_overlay, force,
        resume, segment_seconds, deinterlace, keyframes,
        points,
    )  # fmt: skip

    def begin_progress(total: int | None) -> Callable[[int], None]:
        frames_done = 0

        def advance(frames: int) -> None:
            nonlocal frames_done
            frames_done += frames
            if progress is not None:
                progress(frames_done, total)

        return advance

    with execution_settings(device, threads):
        predictor = get_predictor(plugin, options, weights, reference)
        if not isinstance(predictor, Loaded):
            raise UsageError(
                "a function cannot colorize a film",
                "a film needs a plugin, whose name identifies finished segments",
                "declare the function as a plugin: colortk plugins new NAME",
            )
        return colorize_film(film, predictor, settings, begin_progress)
