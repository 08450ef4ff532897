"""Read the reference picture."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from colortk.plugin import (
    Float32,
    PictureError,
    UsageError,
    WorkingSize,
    decode,
    read_bytes,
    resize,
    rgb_to_lab,
    working_shape,
)

#: Chroma (CIELAB) that one pixel in a hundred must have, or the picture counts as gray.
MIN_CHROMA = 4.0


class Reference(NamedTuple):
    """Lightness, float32 (H, W), and chroma, float32 (H, W, 2), at the working size."""

    lightness: Float32
    ab: Float32

    @property
    def mirrored(self) -> Reference:
        """The picture with left and right exchanged."""
        return Reference(*(np.ascontiguousarray(plane[:, ::-1]) for plane in self))


def read_reference(path: Path, size: WorkingSize) -> Reference:
    """Read a reference at the working size.

    Parameters
    ----------
    path : Path
        A picture of any type that ``colortk run`` reads.
    size : WorkingSize
        The working size of the plugin.

    Raises
    ------
    UsageError
        The file cannot be read, is no picture, or has no colors.
    """
    problem = f"cannot use the reference '{path}'"
    try:
        pixels = decode(read_bytes(path), str(path)).pixels
    except PictureError as error:
        reason = error.reason or error.problem
        raise UsageError(problem, reason, error.hint or "give a color picture") from None
    if pixels.ndim == 2:
        raise UsageError(problem, "it is gray", "give a picture with colors")
    lab = rgb_to_lab(pixels)
    rows, columns = working_shape(size, *lab.shape[:2])
    lightness, *ab = (
        resize(np.ascontiguousarray(plane), (columns, rows)) for plane in np.moveaxis(lab, -1, 0)
    )
    if np.percentile(np.hypot(*ab), 99) < MIN_CHROMA:
        raise UsageError(problem, "it has no colors", "give a picture with colors")
    return Reference(np.ascontiguousarray(lightness), np.stack(ab, -1))
