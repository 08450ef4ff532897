"""Color tags of films: which color primaries, transfer function, matrix and range they state.

The numbers are those of ITU-T H.273, which FFmpeg and all containers use. colortk makes the colors
of sRGB, whose primaries are those of BT.709. A film of standard range therefore keeps its tags if
they are those of BT.601 or BT.709, which differ little. Tags of a wide gamut would make the colors
too strong; they are replaced. A film of high dynamic range is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from colortk.errors import PictureError
from colortk.video.luma_tables import BT601, BT709, BT2020, SMPTE240, Weights

#: Luma weights by the number of the color matrix.
_WEIGHTS = {1: BT709, 4: BT601, 5: BT601, 6: BT601, 7: SMPTE240, 9: BT2020, 10: BT2020}
#: From this height in pixels on, a film that does not state its matrix is taken as BT.709.
_HIGH_DEFINITION = 720
#: Primaries near those of sRGB: BT.709, and BT.601 for 625 and 525 lines.
_KEPT_PRIMARIES = (1, 5, 6, 7)
#: Transfer functions of standard range that are kept. 14 and 15 are that of BT.709.
_KEPT_TRANSFERS = (1, 4, 5, 6, 7, 11, 12, 13)
#: Transfer functions of high dynamic range.
_HIGH_DYNAMIC_RANGE = {16: "PQ", 18: "HLG"}
_BT709 = 1
_UNSPECIFIED = (0, 2, 3)
#: AVCOL_RANGE_JPEG
_FULL = 2


@dataclass(frozen=True)
class ColorTags:
    """Color tags of the output of a film.

    Parameters
    ----------
    primaries, transfer, matrix : int
        Numbers in ITU-T H.273.
    full : bool
        Whether luma and chroma use the full range.
    """

    primaries: int
    transfer: int
    matrix: int
    full: bool

    @property
    def weights(self) -> Weights:
        """The weights of luma."""
        return _WEIGHTS[self.matrix]


def refuse_high_dynamic_range(path: Any, frame: Any, context: Any) -> None:
    """Raise ``PictureError`` if a film has a high dynamic range.

    Parameters
    ----------
    path : Path
        The film.
    frame : av.VideoFrame
        One of its frames.
    context : av.VideoCodecContext
        Its decoder.
    """
    name = _HIGH_DYNAMIC_RANGE.get(_stated(frame, context, "color_trc") or 0)
    if name:
        raise PictureError(
            f"cannot colorize '{path}'",
            f"it has a high dynamic range ({name}), and colortk makes colors of standard range",
            "convert the film to BT.709 first",
        )


def input_weights(frame: Any, context: Any) -> Weights:
    """Return the weights of luma of decoded frames."""
    matrix = _stated(frame, context, "colorspace")
    return _WEIGHTS.get(matrix or 0, BT709 if frame.height >= _HIGH_DEFINITION else BT601)


def output_tags(frame: Any, context: Any) -> ColorTags:
    """Return the tags of the output: those of the film, with missing ones filled in.

    Parameters
    ----------
    frame : av.VideoFrame
        A decoded frame.
    context : av.VideoCodecContext
        The decoder, which has the tags of the container.
    """
    primaries = _stated(frame, context, "color_primaries")
    transfer = _stated(frame, context, "color_trc")
    matrix = _stated(frame, context, "colorspace")
    full = frame.color_range == _FULL and not frame.format.is_rgb
    if primaries not in (None, *_KEPT_PRIMARIES) or matrix in (9, 10):
        kept = transfer if transfer in _KEPT_TRANSFERS else _BT709
        return ColorTags(_BT709, kept, _BT709, full)
    if matrix not in _WEIGHTS:
        matrix = 1 if frame.height >= _HIGH_DEFINITION else _standard_definition(frame.height, 6)
    if primaries is None:
        # Players take a film that states no primaries as BT.601 only if it has the lines of TV.
        primaries = _standard_definition(frame.height, _BT709)
    return ColorTags(primaries, transfer or (1 if matrix == 1 else 6), matrix, full)


def changes(frame: Any, context: Any, tags: ColorTags) -> list[str]:
    """Return a sentence if tags that a film states are replaced by ``tags``."""
    primaries = _stated(frame, context, "color_primaries")
    matrix = _stated(frame, context, "colorspace")
    if primaries in (None, tags.primaries) and matrix not in (9, 10):
        return []
    return ["the film has a wide gamut; the output has the colors and the color tags of BT.709"]


def _standard_definition(height: int, other: int) -> int:
    """Return the number of BT.601 for 625 or 525 lines by the height; ``other`` if it is none."""
    if height in (576, 288):
        return 5
    return 6 if height in (480, 486, 488, 240) else other


def _stated(frame: Any, context: Any, name: str) -> int | None:
    """Return a tag of a frame, or of its container; ``None`` if neither states it."""
    for holder in (frame, context):
        value = int(getattr(holder, name))
        # Matrix 0 is that of RGB, which the output does not have.
        if value not in _UNSPECIFIED:
            return value
    return None
