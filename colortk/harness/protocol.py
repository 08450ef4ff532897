"""Prepare originals: the definition of the protocol and its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np

from colortk.color.upsample import resize
from colortk.errors import UsageError
from colortk.io.bit_depth import to_rgb8
from colortk.io.decode import MAX_PIXELS, decode
from colortk.types import Array

DEFAULT = "v2"
#: Range of short sides, in pixels.
MIN_SHORT_SIDE, MAX_SHORT_SIDE = 16, 8192
#: Values that a protocol of films may change and whose defaults its file does not state.
FILM_DEFAULTS = {"deinterlace": "off"}


@dataclass(frozen=True)
class Protocol:
    """A protocol as ``protocols/NAME.json`` defines it, or a named variation.

    Parameters
    ----------
    name : str
        Its name; the name of a variation lists the changed values.
    short_side : int or None
        Pixels. The middle square is resized to it; ``None``: the whole picture at its own size.
    refine : str
        The host's refinement of chroma.
    near_gray : float
        An original with a lower mean chroma (CIELAB) counts as gray.
    leaves_gray_out : bool
        Gray originals are left out of all metrics, not only of metrics of color.
    text : str
        The definition as canonical JSON.
    """

    name: str
    short_side: int | None
    refine: str
    near_gray: float
    leaves_gray_out: bool
    text: str

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the definition, a part of every result's key."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def deinterlace(self) -> str:
        """Whether interlaced films are deinterlaced: "off", "auto" or "bob"."""
        value: str = self.definition.get("deinterlace", FILM_DEFAULTS["deinterlace"])
        return value

    @property
    def definition(self) -> dict[str, Any]:
        """The whole definition, as its file has it."""
        loaded: dict[str, Any] = json.loads(self.text)
        return loaded

    def as_dict(self) -> dict[str, Any]:
        """Return name, hash and definition, as ``--json`` prints them."""
        return {"name": self.name, "hash": self.hash, "definition": self.definition}

    def varied(self, **changes: Any) -> Protocol:
        """Return the protocol with other values, which its name then lists.

        Parameters
        ----------
        **changes
            Keys of the definition with new values.

        Raises
        ------
        UsageError
            If a protocol has no such key, or the short side is out of range.
        """
        definition = self.definition
        values = (FILM_DEFAULTS if "frames" in definition else {}) | definition
        for key in changes:
            if key not in values:
                raise UsageError(f"a protocol has no '{key}'", f"it has: {', '.join(values)}")
        side = changes.get("short_side")
        if side is not None and not (
            isinstance(side, int) and MIN_SHORT_SIDE <= side <= MAX_SHORT_SIDE
        ):
            raise UsageError(
                f"a short side of {side}",
                f"{MIN_SHORT_SIDE} to {MAX_SHORT_SIDE} pixels are allowed",
            )
        changed = {key: value for key, value in changes.items() if values[key] != value}
        if not changed:
            return self
        words = {
            key: "native" if key == "short_side" and value is None else f"{key}={value}"
            for key, value in changed.items()
        }
        definition |= changed
        if definition["short_side"] is None:
            definition["crop"] = definition["resample"] = None
        definition["name"] = ", ".join([self.name, *words.values()])
        return _protocol(definition)


def load_protocol(name: str = DEFAULT) -> Protocol:
    """Return the protocol ``name``; raises ``UsageError`` if there is none."""
    folder = files("colortk.harness") / "protocols"
    versions = sorted(p.name.removesuffix(".json") for p in folder.iterdir())
    if name not in versions:
        raise UsageError(f"no protocol '{name}'", f"known: {', '.join(versions)}")
    return _protocol(json.loads((folder / f"{name}.json").read_text("utf-8")))


def _protocol(definition: dict[str, Any]) -> Protocol:
    return Protocol(
        definition["name"],
        definition["short_side"],
        definition["refine"],
        near_gray_of(definition),
        leaves_gray_out(definition),
        json.dumps(definition, sort_keys=True, ensure_ascii=True),
    )


def near_gray_of(definition: dict[str, Any]) -> float:
    """Return the mean chroma below which an original is gray; v1 spells the key differently."""
    value: float = definition["near_gray"] if "near_gray" in definition else definition["near_grey"]
    return value


def leaves_gray_out(definition: dict[str, Any]) -> bool:
    """Return whether gray originals are left out of all metrics (from v2 on)."""
    return "gray_originals" in definition


@dataclass(frozen=True)
class Reference:
    """An original as the protocol wants it: uint8 (H, W, 3) sRGB, and whether it was enlarged."""

    pixels: Array
    enlarged: bool


def reference_picture(
    data: bytes, name: str, protocol: Protocol, max_pixels: int = MAX_PIXELS
) -> Reference:
    """Decode a picture file and prepare it as the protocol says.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Its path, for messages.
    protocol : Protocol
        How it is prepared.
    max_pixels : int
        Larger pictures are refused.

    Raises
    ------
    PictureError
        If the file cannot be decoded.
    """
    pixels = decode(data, name, max_pixels).pixels
    return cropped(to_rgb8(pixels), protocol.short_side)


def cropped(pixels: Array, short_side: int | None) -> Reference:
    """Return the middle square of a picture at another size.

    Parameters
    ----------
    pixels : ndarray
        uint8 (H, W, 3).
    short_side : int or None
        Side of the square in pixels; ``None``: the whole picture at its own size.
    """
    if short_side is None:
        return Reference(np.ascontiguousarray(pixels), False)
    height, width = pixels.shape[:2]
    # Crop first: resampling the parts that are cut away would waste time, and a narrow strip would
    # become large.
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    return Reference(resize(square, (short_side, short_side)), side < short_side)
