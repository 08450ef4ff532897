"""The colors that a user sets, as options of a run: plain values that other processes can get."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from colortk.errors import UsageError
from colortk.guidance.hints import Hint, parse_lengths

#: Range of the strength of a region.
MAX_STRENGTH = 2.0


@dataclass(frozen=True)
class Region:
    """A rectangle of a picture in which predicted colors are stronger or weaker.

    Parameters
    ----------
    x, y, width, height : float
        The rectangle: pixels from the left and from the top, or fractions of the picture.
    strength : float
        Factor on predicted chroma, 0 to 2.
    fractions : bool
        Whether the rectangle is given in fractions.
    """

    x: float
    y: float
    width: float
    height: float
    strength: float
    fractions: bool = False


@dataclass(frozen=True)
class GuidanceOptions:
    """Where a user's colors come from.

    Parameters
    ----------
    hints : tuple of Hint
        Colors at points.
    sidecars : bool
        Read hints and strokes from files beside each picture; see
        :mod:`colortk.guidance.sidecars`.
    scribbles : Path or None
        A copy of the picture with strokes, or a transparent layer of strokes.
    mask : Path or None
        A picture that is white where colors are wanted.
    regions : tuple of Region
        Rectangles with a strength of their own. Where they overlap, the factors multiply.
    keep_border : bool
        Leave borders and mounts of scans gray.
    palette : tuple of (int, int, int)
        sRGB colors to which predicted colors are moved; empty: they stay.
    """

    hints: tuple[Hint, ...] = ()
    sidecars: bool = False
    scribbles: Path | None = None
    mask: Path | None = None
    regions: tuple[Region, ...] = ()
    keep_border: bool = False
    palette: tuple[tuple[int, int, int], ...] = ()

    @property
    def active(self) -> bool:
        """Whether anything is set."""
        return self != GuidanceOptions()

    @property
    def of_one_picture(self) -> list[str]:
        """The options that are set and make sense for one picture only, as on the command line."""
        values = {
            "--hint or --hints FILE": self.hints,
            "--scribbles": self.scribbles,
            "--mask": self.mask,
            "--region in pixels": [region for region in self.regions if not region.fractions],
        }
        return [name for name, value in values.items() if value]


def region_from_text(text: str) -> Region:
    """Return the region that ``--region`` states: "X,Y,W,H:strength=S".

    The four lengths are pixels, or percentages of the picture, such as "10%,0%,50%,100%".

    Raises
    ------
    UsageError
        The text has another form, or a value is out of range.
    """
    rectangle, _, setting = text.partition(":")
    name, _, value = setting.partition("=")
    try:
        parts = rectangle.split(",")
        if len(parts) != 4 or name.strip() != "strength":
            raise ValueError("a rectangle and a strength are needed")
        (x, y, width, height), fractions = parse_lengths(parts)
        if width <= 0 or height <= 0:
            raise ValueError("width and height are not positive")
        (strength,), percentage = parse_lengths([value])
        if not 0 <= strength <= MAX_STRENGTH or percentage:
            raise ValueError(f"strength is a number from 0 to {MAX_STRENGTH:g}")
        return Region(x, y, width, height, strength, fractions)
    except ValueError as error:
        hint = "write it as X,Y,WIDTH,HEIGHT:strength=0.5"
        raise UsageError(f"--region {text}", str(error), hint) from None
