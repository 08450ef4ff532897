"""Color transfer as a plugin: the reference is read once, then every picture is matched."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from colortk.plugin import Artifacts, Chroma, Lightness, UsageError, decode, read_bytes
from colortk_welsh.spec import Options
from colortk_welsh.transfer import Reference, sample, transfer

#: Greatest chroma of a picture that counts as gray, in CIELAB units: JPEG tints by as much.
NEARLY_GRAY = 2.0


class Welsh:
    """Gives every pixel the chroma of the reference's sample that is most like it."""

    def __init__(self, artifacts: Artifacts, options: Options) -> None:
        path = options.reference
        self.reference = _palette(artifacts) if path is None else _from_picture(path)

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Chroma, float32 (H, W, 2)."""
        return transfer(lightness, self.reference)


def _palette(artifacts: Artifacts) -> Reference:
    content = io.BytesIO(artifacts.read("palette.npz"))
    with np.load(content, allow_pickle=False) as stored:
        mean, std = stored["lightness"]
        return Reference(stored["samples"], float(mean), float(std))


def _from_picture(path: Path) -> Reference:
    pixels = decode(read_bytes(path), str(path)).pixels  # both raise PictureError
    if pixels.ndim == 3:
        reference = sample(pixels)
        if np.abs(reference.samples[:, 2:]).max() > NEARLY_GRAY:
            return reference
    raise UsageError(f"the reference '{path}' has no colors to give", "it is gray")
