"""Small images of a picture and of a result, and histograms of color, for reports."""

from __future__ import annotations

import zlib

import numpy as np

from colortk._opencv import cv2
from colortk.color.upsample import resize
from colortk.types import Array

#: Short side of a thumbnail at most, in pixels (half of the protocol's: halving is cheap), and its
#: JPEG quality.
SIDE, QUALITY = 128, 80
#: Bins of a* and of b* of a histogram: 10 wide, from -110 to 110.
BINS, REACH = 22, 110
#: A heat map holds ΔE94 times this, so that 8 bits reach to 51.
HEAT = 5


def thumbnail(pixels: Array) -> bytes:
    """Return a JPEG of uint8 (H, W, 3), its short side reduced to 128 pixels."""
    return _jpeg(_small(pixels)[..., ::-1])


def heat_map(differences: Array) -> bytes:
    """Return a gray JPEG of float (H, W) color differences times 5, of a thumbnail's size."""
    return _jpeg(cv2.convertScaleAbs(_small(differences.astype(np.float32)), alpha=HEAT))


def histogram(a: Array, b: Array) -> bytes:
    """Return the packed histogram of a* and b* of sRGB colors; :func:`unpack_histogram` reads it.

    Parameters
    ----------
    a, b : ndarray
        float32 (H, W) each. No sRGB color is outside of the bins.
    """
    edges = [-REACH, REACH, -REACH, REACH]
    counts = cv2.calcHist([a, b], [0, 1], None, [BINS, BINS], edges)
    return zlib.compress(counts.astype("<u4").tobytes(), 1)


def unpack_histogram(packed: bytes) -> Array:
    """Return the counts of a packed histogram, uint32 (22, 22); the first axis is a*."""
    return np.frombuffer(zlib.decompress(packed), "<u4").reshape(BINS, BINS)


def _small(image: Array) -> Array:
    height, width = image.shape[:2]
    scale = SIDE / min(height, width)
    if scale >= 1:
        return image
    size = round(width * scale), round(height * scale)
    if scale > 0.5:  # bilinear skips no pixel, and takes a fifth of the time of averages
        small: Array = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        return small
    return resize(image, size)


def _jpeg(image: Array) -> bytes:
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(data)
