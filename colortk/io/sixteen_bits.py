"""Decode 16-bit pixels with Pillow if it keeps all bits, else with OpenCV or from the file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

from colortk._opencv import cv2

Pixels = NDArray[Any]
_DEPTH_16 = ("I;16", "I;16B", "I;16L", "I;16N")


def has_sixteen_bits(image: ImageFile.ImageFile, data: bytes) -> bool:
    """Return whether a picture has more than 8 bits a channel."""
    if image.mode in _DEPTH_16:
        return True
    if image.format == "JPEG2000":
        from colortk.io.jpeg2000_depth import is_deep  # not for other formats: a cold run waits

        return is_deep(image, data)
    if image.format == "PNG":
        return len(data) > 24 and data[24] == 16  # IHDR: bit depth
    if image.format == "PPM":
        return image.mode == "I" or _most_of_ppm(image) > 255
    return False


def _most_of_ppm(image: ImageFile.ImageFile) -> int:
    """Largest value that a binary PGM or PPM declares, or 0: the rest Pillow decodes alone."""
    options: Any
    codec, _, _, options = image.tile[0]
    if codec == "raw":
        return 65535 if "I;16B" in options else 0  # text, or a tuple that begins with it
    return int(options[1]) if codec == "ppm" else 0


def decode_16(image: ImageFile.ImageFile, data: bytes, name: str) -> tuple[Pixels, Pixels | None]:
    """Return pixels and alpha of a 16-bit PNG or PPM."""
    if image.mode in _DEPTH_16:
        image.load()
        gray = np.asarray(image).astype(np.uint16)
        level = image.info.get("transparency")
        return gray, (gray != level) * np.uint16(65535) if isinstance(level, int) else None
    if image.format == "PPM":
        return _decode_ppm_16(image, data), None
    if image.format == "JPEG2000":
        from colortk.io.jpeg2000_depth import decode_deep

        return _split(decode_deep(image, data, name))
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise ValueError("OpenCV cannot decode it")
    if array.dtype != np.uint16:
        raise ValueError(f"its pixels are {array.dtype}")
    return _split(array)


def _decode_ppm_16(image: ImageFile.ImageFile, data: bytes) -> Pixels:
    start, maximum = image.tile[0][2], _most_of_ppm(image)
    if not maximum:
        image.load()
        return np.asarray(image).astype(np.uint16)
    shape = (image.height, image.width, 1 if image.mode == "I" else 3)
    values = np.frombuffer(data, ">u2", int(np.prod(shape)), start).reshape(shape)
    wide = np.minimum(values.astype(np.uint32), maximum) * 65535 // maximum
    return wide.astype(np.uint16).squeeze(2) if shape[2] == 1 else wide.astype(np.uint16)


def _split(array: Pixels) -> tuple[Pixels, Pixels | None]:
    """OpenCV's BGR(A) or gray as RGB or gray, and alpha."""
    if array.ndim == 2:
        return array, None
    channels = array.shape[2]
    if channels <= 2:
        return np.ascontiguousarray(array[..., 0]), (
            array[..., 1].copy() if channels == 2 else None
        )
    alpha = np.ascontiguousarray(array[..., 3]) if channels == 4 else None
    return np.ascontiguousarray(array[..., 2::-1]), alpha
