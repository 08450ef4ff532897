"""How a picture becomes a plugin's input and its own reference: a file, and its hash."""

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
#: Short sides that can be asked for.
LEAST, MOST = 16, 8192


@dataclass(frozen=True)
class Protocol:
    """A protocol as defined in ``protocols/NAME.json``, or a stated variation of one.

    ``short_side``: pixels to which the short side is brought before the middle square is cut
    out; ``None``: the whole picture at its own size. ``refine``: the host's refinement.
    ``near_gray``: mean chroma (CIELAB) under which an original counts as gray.
    ``leaves_gray_out``: gray originals are left out of every measure, not of those of color alone.
    ``text``: the definition as canonical JSON.
    """

    name: str
    short_side: int | None
    refine: str
    near_gray: float
    leaves_gray_out: bool
    text: str

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the definition; part of every result."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def definition(self) -> dict[str, Any]:
        """The whole definition, as in its file."""
        loaded: dict[str, Any] = json.loads(self.text)
        return loaded

    def as_dict(self) -> dict[str, Any]:
        """Name, hash and definition, as ``--json`` prints them."""
        return {"name": self.name, "hash": self.hash, "definition": self.definition}

    def varied(self, **changes: Any) -> Protocol:
        """The same with other values, which its name then states: another hash.

        Raises ``UsageError`` for what a protocol does not have.
        """
        definition = self.definition
        for key in changes:
            if key not in definition:
                raise UsageError(f"a protocol has no '{key}'", f"it has: {', '.join(definition)}")
        side = changes.get("short_side")
        if side is not None and not (isinstance(side, int) and LEAST <= side <= MOST):
            raise UsageError(f"a short side of {side}", f"{LEAST} to {MOST} pixels are possible")
        told = {key: value for key, value in changes.items() if definition[key] != value}
        if not told:
            return self
        words = {
            key: "native" if key == "short_side" and value is None else f"{key}={value}"
            for key, value in told.items()
        }
        definition |= told
        if definition["short_side"] is None:
            definition["crop"] = definition["resample"] = None
        definition["name"] = ", ".join([self.name, *words.values()])
        return _protocol(definition)


def load_protocol(name: str = DEFAULT) -> Protocol:
    """The protocol ``name``. Raises ``UsageError`` if there is none."""
    folder = files("colortk.harness") / "protocols"
    known = sorted(p.name.removesuffix(".json") for p in folder.iterdir())
    if name not in known:
        raise UsageError(f"no protocol '{name}'", f"known: {', '.join(known)}")
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
    """The mean chroma under which an original counts as gray; v1 spells the name in another way."""
    value: float = definition["near_gray"] if "near_gray" in definition else definition["near_grey"]
    return value


def leaves_gray_out(definition: dict[str, Any]) -> bool:
    """Whether gray originals are left out of every measure (from v2 on)."""
    return "gray_originals" in definition


@dataclass(frozen=True)
class Reference:
    """An original as the protocol wants it: uint8 (H, W, 3) sRGB, and whether it was enlarged."""

    pixels: Array
    enlarged: bool


def reference_picture(
    data: bytes, name: str, protocol: Protocol, max_pixels: int = MAX_PIXELS
) -> Reference:
    """The reference of a picture file. Raises ``PictureError`` (``name`` is what it calls it)."""
    pixels = decode(data, name, max_pixels).pixels
    return cropped(to_rgb8(pixels), protocol.short_side)


def cropped(pixels: Array, short_side: int | None) -> Reference:
    """The middle square of uint8 (H, W, 3) with its short side brought to ``short_side``."""
    if short_side is None:
        return Reference(np.ascontiguousarray(pixels), False)
    height, width = pixels.shape[:2]
    # The square first: what is cut away must not be resampled, and a strip stays small.
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    return Reference(resize(square, (short_side, short_side)), side < short_side)
