"""Settings and result of a colorized film."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from colortk.guidance.hints import Hint
from colortk.plugin.spec import ColorizerSpec
from colortk.video.encoding import Encoding
from colortk.video.temporal import INTERVAL

#: Container formats by file extension.
CONTAINERS = {
    ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm",
    ".avi": "avi", ".ts": "mpegts",
}  # fmt: skip


@dataclass(frozen=True)
class FilmSettings:
    """Settings of ``colortk video``.

    Parameters
    ----------
    output : Path
        The result.
    encoding : Encoding
        Codec and its options.
    refine : str
        Name of a chroma refinement.
    strength : float
        Factor on chroma, 0 to 2.
    temporal : {"keyframes", "flow", "off", "plugin"}
        Predict some frames and carry their colors along motion to the others, average the colors of
        all frames along motion, colorize each frame by itself, or give all frames in order to a
        plugin that declares ``film``.
    begin, end : float or None
        Part of the film, in seconds from its first frame.
    label : bool
        Write the frames per second into the picture.
    force : bool
        Overwrite the output.
    resume : bool
        Continue with the segments of an interrupted run.
    segment_seconds : float
        Length of a segment: an interruption loses at most one segment.
    deinterlace : {"auto", "off", "bob"}
        Make a progressive film of an interlaced one, with a frame of each frame ("auto") or of each
        field ("bob"); "off" keeps the fields.
    keyframes : int
        With "keyframes": frames from one predicted frame to the next.
    hints : tuple of Hint
        Colors that the user set; they need "keyframes".
    """

    output: Path
    encoding: Encoding = field(default_factory=Encoding)
    refine: str = "ratio"
    strength: float = 1.0
    temporal: str = "keyframes"
    begin: float | None = None
    end: float | None = None
    label: bool = False
    force: bool = False
    resume: bool = False
    segment_seconds: float = 10.0
    deinterlace: str = "auto"
    keyframes: int = INTERVAL
    hints: tuple[Hint, ...] = ()


@dataclass
class FilmSummary:
    """The result of a film, as ``--json`` prints it.

    Parameters
    ----------
    input, output : str
        Paths.
    plugin : str
        The colorizer.
    width, height : int
        Size of the stored frames, in pixels.
    codec, pix_fmt : str
        Encoder, and pixel format.
    field_order : str
        Of the input: "progressive", "tff" (top field first) or "bff" (bottom field first).
    deinterlaced : bool
        Whether fields were made into progressive frames.
    frames : int
        Frames of the result.
    resumed : int
        Of these, the frames of segments of an earlier run.
    seconds : float
        Time of this run.
    frames_per_second : float
        Frames of this run per second.
    cuts : int
        Cuts that the smoothing found.
    lost_frames : int
        Frames that could not be read.
    copied : list of str
        Types of the copied streams.
    notes : list of str
        One line for each property that was lost or changed.
    already_done : bool
        With ``resume``: the result exists, and nothing was done.
    """

    input: str
    output: str
    plugin: str
    width: int = 0
    height: int = 0
    codec: str = ""
    pix_fmt: str = ""
    field_order: str = ""
    deinterlaced: bool = False
    frames: int = 0
    resumed: int = 0
    seconds: float = 0.0
    frames_per_second: float = 0.0
    cuts: int = 0
    lost_frames: int = 0
    copied: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    already_done: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary."""
        return asdict(self)


def default_output(film: Path) -> Path:
    """Return the path of the result of ``film`` if none is named.

    It is ``NAME-colorized.EXT``, or ``NAME-colorized.mp4`` if films of the input's type cannot be
    written.
    """
    extension = film.suffix if film.suffix.lower() in CONTAINERS else ".mp4"
    return film.with_name(f"{film.stem}-colorized{extension}")


def default_temporal(spec: ColorizerSpec, hints: bool) -> str:
    """Return how colors are made steady if the user does not say it.

    Parameters
    ----------
    spec : ColorizerSpec
        The plugin. One that declares ``film`` gets all frames in order.
    hints : bool
        Whether the user has set colors, which belong to keyframes.
    """
    return "plugin" if spec.film and not hints else "keyframes"
