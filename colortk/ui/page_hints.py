"""The hints that the editor of the page sends, checked, and their result at a small size."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.color.upsample import resize
from colortk.errors import UsageError
from colortk.guidance.hints import Hint, hints_from_json, hints_to_json, of_still
from colortk.guidance.prepare import make_guide
from colortk.pipeline import ChromaGuide, join, refiner
from colortk.runtime.guided_prediction import follows_hints, predict_with_guide
from colortk.runtime.predictors import Predictor
from colortk.types import Array, Float32
from colortk.ui.http_requests import RequestRefused
from colortk.ui.json_messages import parse
from colortk.ui.kept_predictions import KeptPrediction
from colortk.ui.painted_mask import PaintedMask, mask_from_json
from colortk.ui.previews import PREVIEW_QUALITY
from colortk.ui.turns import Busy

#: A note on a hint, which begins with its position and color.
_HINT_NOTE = re.compile(r"hint (?P<hint>\S+) (?P<reason>is .*)")
#: Characters of the editor's message, and points of one picture.
MAX_TEXT, MAX_POINTS = 200_000, 200
#: Pixels that all points of a picture may set together.
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
    mask : PaintedMask or None
        What gets colors; ``None``: everything.
    """

    picture: str = ""
    hints: tuple[Hint, ...] = ()
    revision: int = 0
    mask: PaintedMask | None = None

    def of(self, picture: str) -> tuple[Hint, ...]:
        """Return the hints if they were set on ``picture``; those of another picture are not."""
        return self.hints if self.picture == picture else ()

    def mask_of(self, picture: str) -> PaintedMask | None:
        """Return the mask if it was painted on ``picture``."""
        return self.mask if self.picture == picture else None


def parse_hints(text: str | None) -> PictureHints:
    """Return the hints of the editor's message.

    Parameters
    ----------
    text : str or None
        JSON: ``{"picture": …, "hints": …, "revision": …, "mask": …}``, the hints as in a file of
        hints. The last two may be missing.

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
        set(message) - {"revision", "mask"} != {"picture", "hints"}
        or not isinstance(picture, str)
        or len(picture) > 64
    ):
        raise ValueError("it does not name its picture")
    hints = hints_from_json(message["hints"])
    if len(hints) > MAX_POINTS:
        raise ValueError(f"{len(hints)} points are over the limit of {MAX_POINTS}")
    mask = message.get("mask")
    painted = None if mask is None else mask_from_json(mask)
    return PictureHints(picture, tuple(of_still(hints)), revision, painted)


def format_hints(hints: PictureHints) -> str:
    """Return the message that :func:`parse_hints` reads."""
    message: dict[str, Any] = {"picture": hints.picture, "hints": hints_to_json(hints.hints)}
    if hints.mask is not None:
        message["mask"] = hints.mask.to_json()
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
    kept: KeptPrediction,
    hints: Sequence[Hint],
    strength: float,
    refine: str,
    keep_border: bool,
    mask: PaintedMask | None = None,
    notes: list[str] | None = None,
    plugin: Predictor | None = None,
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
    mask : PaintedMask, optional
        What gets colors.
    notes : list of str, optional
        Gets a sentence for each kind of hint that could not be used as given.
    plugin : Predictor, optional
        The plugin of the prediction. If it takes hints itself, it predicts again.

    Returns
    -------
    uint8 array of shape (n, m, 3)
        sRGB, of the size of the kept lightness.
    """
    light, ab = kept.lightness, kept.ab
    small: Float32 | None = None
    guide: ChromaGuide | None = None
    shape = light.shape[0], light.shape[1]
    if hints or keep_border or mask is not None:
        small_hints = [scale_hint(hint, kept.height, kept.width, shape) for hint in hints]
        painted = None if mask is None else mask.picture()
        colors = make_guide(np.empty(0), light, small_hints, mask=painted, keep_border=keep_border)
        guide = colors
        if plugin is not None and follows_hints(plugin):
            small = np.ascontiguousarray(resize(light, (ab.shape[1], ab.shape[0])))
            with contextlib.suppress(Busy):  # the host spreads hints until the plugin is free
                ab, guide = predict_with_guide(plugin, small, light, colors)
        if notes is not None:
            names = {
                str(small): f"at {hint.x:g}, {hint.y:g}"
                for small, hint in zip(small_hints, hints, strict=True)
            }
            notes += summarize_notes(colors.notes, names)
    rgb: Array = join(light, ab, refiner(refine), strength, np.uint8, small, guide)
    return rgb


def summarize_notes(notes: Sequence[str], names: Mapping[str, str] | None = None) -> list[str]:
    """Return notes on hints for the page: one for each kind, because a stroke is many hints.

    Parameters
    ----------
    notes : sequence of str
        Notes of a guide.
    names : mapping of str to str, optional
        How the page names the hints that the notes name.
    """
    kinds: dict[str, list[str]] = {}
    for note in notes:
        match = _HINT_NOTE.fullmatch(note)
        if match is None:
            kinds.setdefault(note, [])
            continue
        reason = match["reason"]
        if "later" in reason:
            reason = "is ignored where a later one sets another color"
        hint = match["hint"]
        kinds.setdefault(reason, []).append((names or {}).get(hint, hint))
    lines = []
    for reason, hints in kinds.items():
        if not hints:
            lines.append(reason)
        elif len(set(hints)) == 1:
            lines.append(f"The point {hints[0]} {reason}")
        else:
            lines.append(f"{len(set(hints))} points, the first {hints[0]}: each {reason}")
    return [line[:1].upper() + line[1:] + "." for line in lines]


def data_url(rgb: Array) -> str:
    """Return uint8 (H, W, 3) as the URL of a JPEG that needs no file."""
    options = [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), options)
    return "data:image/jpeg;base64," + base64.b64encode(bytes(data)).decode()


def editor_view(picture: str, kept: KeptPrediction, name: str, **values: Any) -> str:
    """Return the message to the editor: a picture, its size, and ``values``."""
    size = {"width": kept.width, "height": kept.height}
    return json.dumps({"picture": picture, "name": name, **size, **values})
