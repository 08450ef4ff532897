"""The hints that the editor of the page sends, checked, and their result at a small size."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.errors import UsageError
from colortk.guidance.hints import Hint, hints_from_json, hints_to_json, of_still
from colortk.guidance.prepare import make_guide
from colortk.pipeline import join, refiner
from colortk.types import Array
from colortk.ui.http_requests import RequestRefused
from colortk.ui.json_messages import parse
from colortk.ui.kept_predictions import KeptPrediction
from colortk.ui.previews import PREVIEW_QUALITY

#: Characters of the editor's message, and points of one picture.
MAX_TEXT, MAX_POINTS = 100_000, 200
#: Pixels that all points of a picture may set together: each is a step of a loop.
MAX_PIXELS = 50_000


@dataclass(frozen=True)
class PictureHints:
    """The hints of a picture.

    Parameters
    ----------
    picture : str
        Identifier of the picture that they were set on.
    hints : tuple of Hint
        In pixels of the full-size, upright picture.
    revision : int
        Number of the change of the settings to which the message belongs.
    """

    picture: str = ""
    hints: tuple[Hint, ...] = ()
    revision: int = 0

    def of(self, picture: str) -> tuple[Hint, ...]:
        """Return the hints if they were set on ``picture``; those of another picture are not."""
        return self.hints if self.picture == picture else ()


def parse_hints(text: str | None) -> PictureHints:
    """Return the hints of the editor's message.

    Parameters
    ----------
    text : str or None
        JSON: ``{"picture": …, "hints": …, "revision": …}``, the hints as in a file of hints.

    Raises
    ------
    ValueError
        It is too long, ambiguous, or no such message.
    """
    if not text:
        return PictureHints()
    if len(text) > MAX_TEXT:
        raise ValueError(f"the hints have over {MAX_TEXT:,} characters")
    try:
        message = parse(text.encode())
    except (RequestRefused, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None
    picture, revision = message.get("picture"), message.get("revision", 0)
    if type(revision) is not int or revision < 0:
        raise ValueError("its revision is not a number")
    if (
        set(message) - {"revision"} != {"picture", "hints"}
        or not isinstance(picture, str)
        or len(picture) > 64
    ):
        raise ValueError("it does not name its picture")
    hints = hints_from_json(message["hints"])
    if len(hints) > MAX_POINTS:
        raise ValueError(f"{len(hints)} points are over the limit of {MAX_POINTS}")
    return PictureHints(picture, tuple(of_still(hints)), revision)


def format_hints(hints: PictureHints) -> str:
    """Return the message that :func:`parse_hints` reads."""
    message = {"picture": hints.picture, "hints": hints_to_json(hints.hints)}
    return json.dumps({**message, "revision": hints.revision})


def check_size(hints: Sequence[Hint], height: int, width: int) -> None:
    """Refuse hints that set too many pixels of a picture. Raises ``UsageError``."""
    pixels = 0.0
    for hint in hints:
        radius = min(hint.in_pixels(height, width)[2], float(height + width))
        pixels += (2 * radius + 1) ** 2
    if pixels > MAX_PIXELS:
        raise UsageError(
            "The points are too large", f"together they may cover {MAX_PIXELS:,} pixels",
            "give them a smaller radius",
        )  # fmt: skip


def scale_hint(hint: Hint, height: int, width: int, shape: tuple[int, int]) -> Hint:
    """Return a hint of a picture of this height and width for a copy of size ``shape``."""
    x, y, radius = hint.in_pixels(height, width)
    down, across = shape[0] / height, shape[1] / width
    return replace(
        hint, x=(x + 0.5) * across - 0.5, y=(y + 0.5) * down - 0.5, radius=radius * down,
        fractions=False,
    )  # fmt: skip


def render_hints(
    kept: KeptPrediction, hints: Sequence[Hint], strength: float, refine: str, keep_border: bool
) -> Array:
    """Apply hints to a kept prediction at a small size.

    Parameters
    ----------
    kept : KeptPrediction
        The prediction.
    hints : sequence of Hint
        Hints of the full-size picture.
    strength : float
        Factor on chroma.
    refine : str
        Name of a chroma refinement.
    keep_border : bool
        Leave borders and mounts gray.

    Returns
    -------
    uint8 array of shape (n, m, 3)
        sRGB, of the size of the kept lightness.
    """
    light, guide = kept.lightness, None
    shape = light.shape[0], light.shape[1]
    if hints or keep_border:
        small_hints = [scale_hint(hint, kept.height, kept.width, shape) for hint in hints]
        guide = make_guide(np.empty(0), light, small_hints, keep_border=keep_border)
    rgb: Array = join(light, kept.ab, refiner(refine), strength, np.uint8, None, guide)
    return rgb


def data_url(rgb: Array) -> str:
    """Return uint8 (H, W, 3) as the URL of a JPEG that needs no file."""
    options = [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), options)
    return "data:image/jpeg;base64," + base64.b64encode(bytes(data)).decode()


def editor_view(picture: str, kept: KeptPrediction, name: str, **values: Any) -> str:
    """Return the message to the editor: a picture, its size, and ``values``."""
    size = {"width": kept.width, "height": kept.height}
    return json.dumps({"picture": picture, "name": name, **size, **values})
