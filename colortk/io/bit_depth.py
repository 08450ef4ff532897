"""Reduce pictures of 16 bits per sample to 8 bits. All other modules use this rule."""

from __future__ import annotations

import numpy as np

from colortk.types import Array, UInt8

#: Rows that are converted at a time: their 32-bit copies stay small.
_BLOCK_ROWS = 64


def to_8_bits(samples: Array) -> UInt8:
    """Scale samples from 0..65535 to 0..255 and round to the nearest value.

    Parameters
    ----------
    samples : uint8 or uint16 array
        Samples that use the full range of their type. 8-bit samples are returned unchanged.

    Returns
    -------
    uint8 array of the same shape
        ``round(samples / 257)``, exactly.

    Examples
    --------
    >>> to_8_bits(np.array([0, 128, 129, 65535], np.uint16))
    array([  0,   0,   1, 255], dtype=uint8)
    """
    if samples.dtype == np.uint8:
        return samples
    reduced = np.empty(samples.shape, np.uint8)
    for top in range(0, len(samples), _BLOCK_ROWS):
        # (255 x + 32895) / 65536, rounded down, equals x / 257, rounded to nearest, for all 16-bit
        # x.
        wide = samples[top : top + _BLOCK_ROWS].astype(np.uint32)
        wide *= 255
        wide += 32895
        wide >>= 16
        reduced[top : top + _BLOCK_ROWS] = wide
    return reduced


def to_rgb8(pixels: Array) -> UInt8:
    """Convert a gray or RGB picture of 8 or 16 bits to 8-bit RGB.

    Parameters
    ----------
    pixels : uint8 or uint16 array of shape (H, W) or (H, W, 3)

    Returns
    -------
    uint8 array of shape (H, W, 3)
    """
    reduced = to_8_bits(pixels)
    return np.repeat(reduced[..., None], 3, 2) if reduced.ndim == 2 else reduced
