"""The parameters of :func:`colortk.colorize` with which a user sets colors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from colortk.api.image_types import read_image
from colortk.errors import UsageError
from colortk.guidance.guide import Guide
from colortk.guidance.hints import Hint, hints_from_json, read_hints
from colortk.guidance.options import Region, region_from_text
from colortk.guidance.prepare import make_guide
from colortk.io.picture import Picture
from colortk.types import Array, Float32

#: Hints: a JSON file, its content, or a list of points as in it.
HintsInput: TypeAlias = (
    "str | os.PathLike[str] | Mapping[str, Any] | Sequence[Hint | Mapping[str, Any]]"
)


@dataclass(frozen=True)
class PictureGuidance:
    """The parameters of :func:`colortk.colorize` with which a user sets colors."""

    hints: HintsInput | None = None
    scribbles: Any = None
    mask: Any = None
    regions: Sequence[str | Region] = ()
    keep_border: bool = False
    palette: str | os.PathLike[str] | Sequence[str] | None = None


def read_guide(pixels: Array, lightness: Float32, parameters: PictureGuidance) -> Guide | None:
    """Return the guide that the parameters of :func:`colortk.colorize` state, if they state one.

    Parameters
    ----------
    pixels : uint8 or uint16 array of shape (H, W) or (H, W, 3)
        The picture.
    lightness : float32 array of shape (H, W)
        Its CIE L*, 0 to 100.
    parameters : PictureGuidance
        See :func:`colortk.colorize`.

    Raises
    ------
    UsageError
        A parameter has a wrong form, or does not fit the picture.
    """
    given = parameters
    values = (given.hints, given.scribbles, given.mask, given.palette)
    if all(value is None for value in values) and not given.regions and not given.keep_border:
        return None
    marked, mask = _picture(given.scribbles), _picture(given.mask)
    guide = make_guide(pixels, lightness, parse_hints(given.hints), marked, mask, given.keep_border)
    parsed = tuple(region_from_text(r) if isinstance(r, str) else r for r in given.regions)
    return replace(guide, regions=parsed, palette=_palette(given.palette))


def _palette(
    palette: str | os.PathLike[str] | Sequence[str] | None,
) -> tuple[tuple[int, int, int], ...]:
    if palette is None:
        return ()
    from colortk.guidance.palette import read_palette

    is_text = isinstance(palette, str | os.PathLike)
    return read_palette(os.fspath(palette) if is_text else ",".join(palette))  # type: ignore[arg-type]


def parse_hints(hints: HintsInput | None) -> list[Hint]:
    """Return hints of any accepted form. Raises ``UsageError``."""
    if hints is None:
        return []
    if isinstance(hints, str | os.PathLike):
        return read_hints(Path(hints))
    try:
        if isinstance(hints, Mapping):
            return hints_from_json(dict(hints))
        parsed_hints: list[Hint] = []
        for hint in hints:
            content = {"points": [hint]}
            parsed_hints += [hint] if isinstance(hint, Hint) else hints_from_json(content)
        return parsed_hints
    except ValueError as error:
        raise UsageError("cannot read the hints", str(error)) from None


def _picture(image: Any) -> Picture | None:
    if image is None:
        return None
    data = read_image(image, allow_truncated=False)
    return Picture(data.pixels, data.alpha)
