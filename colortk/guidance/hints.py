"""Color hints: what a user sets at points of a picture, and their JSON file.

The file is an object. ``points`` is a list of objects with these keys:

==========  =====================================================================
key         value
==========  =====================================================================
``x, y``    The point, from the left and from the top. In pixels (centers are at
            whole numbers), or with ``"units": "fractions"`` from 0 to 1.
``color``   ``"#RRGGBB"`` or ``"#RGB"``, sRGB. Only its a* and b* are used.
``radius``  Optional: every pixel within this distance gets the color, in pixels
            or as a fraction of the short side. 0 by default: one pixel.
``keep``    ``true``: keep the colorizer's own color here. Instead of ``color``.
``neutral`` ``true``: no color here. Instead of ``color``.
``frame``   Optional, films: number of the frame, from 0.
``time``    Optional, films: seconds from the beginning, instead of ``frame``.
==========  =====================================================================
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colortk.errors import UsageError

#: Version of the file's format, its key ``version``.
FORMAT = 1
#: Hints of one picture at most: more come from strokes, which are a picture.
MAX_HINTS = 10_000
_COLOR = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_KEYS = {"x", "y", "color", "radius", "keep", "neutral", "frame", "time"}


@dataclass(frozen=True)
class Hint:
    """A color that a user sets at a point.

    Parameters
    ----------
    x, y : float
        Position from the left and from the top: pixels, or fractions of width and height.
    color : tuple of int or None
        sRGB, 0 to 255. ``None`` keeps the colorizer's own color.
    radius : float
        Distance up to which pixels get the color: pixels, or a fraction of the short side.
    fractions : bool
        Whether position and radius are fractions.
    neutral : bool
        Whether the pixels get no color. ``color`` is ``None`` then.
    frame : int or None
        Number of the frame of a film, from 0.
    time : float or None
        Time in a film, in seconds.
    """

    x: float
    y: float
    color: tuple[int, int, int] | None = None
    radius: float = 0.0
    fractions: bool = False
    neutral: bool = False
    frame: int | None = None
    time: float | None = None

    def in_pixels(self, height: int, width: int) -> tuple[float, float, float]:
        """Return x, y and radius in pixels of a picture of this height and width."""
        if not self.fractions:
            return self.x, self.y, self.radius
        return self.x * width - 0.5, self.y * height - 0.5, self.radius * min(height, width)

    def __str__(self) -> str:
        """Position and color as a user writes them: "120,80,#a03020"."""
        color = "neutral" if self.neutral else "keep"
        if self.color is not None:
            color = "#" + "".join(f"{value:02x}" for value in self.color)
        if self.fractions:
            return f"{100 * self.x:g}%,{100 * self.y:g}%,{color}"
        return f"{self.x:g},{self.y:g},{color}"


def parse_color(text: str) -> tuple[int, int, int]:
    """Return sRGB, 0 to 255, of "#RRGGBB" or "#RGB". Raises ``ValueError``."""
    if not isinstance(text, str) or not _COLOR.fullmatch(text):
        raise ValueError(f"{text!r} is not a color as #RRGGBB")
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def hint_from_text(text: str) -> Hint:
    """Return the hint that ``--hint`` states: "X,Y,#RRGGBB", "X,Y,keep" or "X,Y,neutral".

    X and Y are pixels, or percentages of width and height, such as "50%".

    Raises
    ------
    UsageError
        The text has another form.
    """
    parts = [part.strip() for part in text.split(",")]
    try:
        if len(parts) != 3:
            raise ValueError("three values separated by commas are needed")
        (x, y), fractions = parse_lengths(parts[:2])
        if parts[2] in ("keep", "neutral"):
            return Hint(x, y, fractions=fractions, neutral=parts[2] == "neutral")
        return Hint(x, y, parse_color(parts[2]), fractions=fractions)
    except ValueError as error:
        raise UsageError(f"--hint {text}", str(error), "write it as X,Y,#RRGGBB") from None


def parse_lengths(texts: Sequence[str]) -> tuple[list[float], bool]:
    """Return numbers, and whether they are fractions: "10%" is the fraction 0.1.

    Raises ``ValueError`` if some are percentages and others are not, or one is no number.
    """
    percentages = [text.strip().endswith("%") for text in texts]
    if any(percentages) and not all(percentages):
        raise ValueError("pixels and percentages cannot be mixed")
    values = [_finite(text.strip().removesuffix("%")) for text in texts]
    if any(percentages):
        return [value / 100 for value in values], True
    return values, False


def read_hints(path: Path) -> list[Hint]:
    """Read a file of hints.

    Parameters
    ----------
    path : Path
        A JSON file as this module's description says.

    Returns
    -------
    list of Hint
        In the order of the file.

    Raises
    ------
    UsageError
        The file cannot be read, or is no such file; the message names the point.
    """
    from colortk.io.regular_files import read_regular

    try:
        content = read_regular(path)
        return hints_from_json(json.loads(content))
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot read the hints '{path}'", reason) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"cannot read the hints '{path}'", _reason(error)) from None


def hints_from_json(value: Any) -> list[Hint]:
    """Return the hints of a parsed JSON file. Raises ``ValueError`` with a reason."""
    if not isinstance(value, dict) or not isinstance(value.get("points"), list):
        raise ValueError("an object with a list 'points' is needed")
    version, units = value.get("version", FORMAT), value.get("units", "pixels")
    if version != FORMAT:
        raise ValueError(f"its version is {version!r}, this program reads version {FORMAT}")
    if units not in ("pixels", "fractions"):
        raise ValueError(f"units are {units!r}; they can be 'pixels' or 'fractions'")
    points = value["points"]
    if len(points) > MAX_HINTS:
        raise ValueError(f"it has {len(points):,} points, over the limit of {MAX_HINTS:,}")
    return [_point(point, number, units == "fractions") for number, point in enumerate(points)]


def hints_to_json(hints: Sequence[Hint]) -> dict[str, Any]:
    """Return the JSON object of some hints, which :func:`hints_from_json` reads back.

    Raises
    ------
    ValueError
        Some positions are fractions and others are pixels.
    """
    fractions = {hint.fractions for hint in hints}
    if len(fractions) > 1:
        raise ValueError("positions in pixels and in fractions cannot be in one file")
    points = []
    for hint in hints:
        point: dict[str, Any] = {"x": hint.x, "y": hint.y}
        if hint.color is not None:
            point["color"] = "#" + "".join(f"{value:02x}" for value in hint.color)
        else:
            point["neutral" if hint.neutral else "keep"] = True
        optional = {"radius": hint.radius or None, "frame": hint.frame, "time": hint.time}
        point |= {key: value for key, value in optional.items() if value is not None}
        points.append(point)
    units = "fractions" if True in fractions else "pixels"
    return {"version": FORMAT, "units": units, "points": points}


def of_still(hints: Iterable[Hint]) -> list[Hint]:
    """Return the hints that are not for a later frame of a film."""
    return [hint for hint in hints if not hint.frame and not hint.time]


def _point(point: Any, number: int, fractions: bool) -> Hint:
    try:
        if not isinstance(point, dict):
            raise ValueError("it is not an object")
        if unknown := sorted(set(point) - _KEYS):
            raise ValueError(f"unknown key '{unknown[0]}'; known: {', '.join(sorted(_KEYS))}")
        kinds = [key for key in ("color", "keep", "neutral") if point.get(key) not in (None, False)]
        if len(kinds) != 1:
            raise ValueError("one of 'color', 'keep' and 'neutral' is needed")
        for key in ("keep", "neutral"):
            if not isinstance(point.get(key, False), bool):
                raise ValueError(f"'{key}' is true or false")
        if "frame" in point and "time" in point:
            raise ValueError("'frame' and 'time' exclude each other")
        frame = point.get("frame")
        if frame is not None and (not isinstance(frame, int) or isinstance(frame, bool)):
            raise ValueError("'frame' is a whole number")
        time = None if point.get("time") is None else _finite(point["time"])
        radius = _finite(point.get("radius", 0))
        if radius < 0 or (frame or 0) < 0 or (time or 0) < 0:
            raise ValueError("radius, frame and time are not negative")
        return Hint(
            _finite(point.get("x")),
            _finite(point.get("y")),
            parse_color(point["color"]) if kinds == ["color"] else None,
            radius,
            fractions,
            kinds == ["neutral"],
            frame,
            time,
        )
    except ValueError as error:
        raise ValueError(f"point {number}: {error}") from None


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"{value!r} is not a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{value!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON: {error}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
