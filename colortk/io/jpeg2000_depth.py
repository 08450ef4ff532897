"""Decode JPEG 2000 of other depths than 8 bits: Pillow gets some of these samples wrong.

Pillow reads colors of more than 8 bits as 8, rounds up, and keeps the low byte of the sum: white
becomes black. Of fewer bits it shifts: white becomes gray.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from colortk._opencv import cv2
from colortk.errors import PictureError
from colortk.io.jpeg2000 import depth_of

Pixels = NDArray[Any]


def is_deep(image: Image.Image, data: bytes) -> bool:
    """Whether a JPEG 2000 picture has colors of more than 8 bits."""
    return image.format == "JPEG2000" and depth_of(data) > 8


def decode_deep(image: Image.Image, data: bytes, name: str) -> Pixels:
    """Decode colors of 9 to 16 bits with OpenCV, and check them against Pillow's result.

    Parameters
    ----------
    image : PIL.Image.Image
        The picture as Pillow decoded it.
    data : bytes
        The file.
    name : str
        Name of the file in messages.

    Returns
    -------
    ndarray of uint16, (height, width, channels)
        All 16 bits are used. The order of channels is OpenCV's.

    Raises
    ------
    PictureError
        OpenCV does not read it, or the two disagree.
    """
    depth, shallow = depth_of(data), np.asarray(image)
    problem = f"cannot read '{name}'"
    hint = "convert it to PNG or TIFF"
    order = {"RGB": [2, 1, 0], "RGBA": [2, 1, 0, 3]}.get(image.mode)
    samples = None
    if order is not None and depth <= 16:
        samples = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16 or samples.shape != shallow.shape:
        channels = f"{depth} bits a channel and these channels ({image.mode})"
        reason = f"JPEG 2000 with {channels} is not supported"
        raise PictureError(problem, reason, hint)
    rounded = (samples[..., order].astype(np.uint32) + (1 << (depth - 9))) >> (depth - 8)
    difference = (rounded - shallow) & 255
    if (np.minimum(difference, 256 - difference) > 1).any():
        raise PictureError(problem, f"two decoders disagree on its {depth}-bit colors", hint)
    maximum = (1 << depth) - 1
    wide: Pixels = (samples.astype(np.uint32) * 65535 + maximum // 2) // maximum
    return wide.astype(np.uint16)


def full_range(image: Image.Image, data: bytes) -> Image.Image:
    """Stretch pixels that Pillow decoded from 1 to 7 bits to the full range of 8 bits."""
    depth = depth_of(data)
    if not 0 < depth < 8 or image.mode not in ("L", "LA", "RGB", "RGBA"):
        return image
    maximum = (1 << depth) - 1
    levels = [((value >> (8 - depth)) * 255 + maximum // 2) // maximum for value in range(256)]
    return image.point(levels * len(image.getbands()))
