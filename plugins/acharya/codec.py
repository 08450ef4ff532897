"""Document 000's numbers: 8-bit CIELAB, 128×128, rows before columns before channels.

OpenCV's 8-bit CIELAB is L* × 255/100, a* + 128 and b* + 128. Here nothing is rounded to 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colortk.plugin import Float32


def _inputs(lightness: Float32) -> Float32:
    """L* (N, 128, 128) as (N, 1, 128, 128) in 0..1: rows are the second axis, columns channels."""
    return (lightness / np.float32(100))[:, None]


@dataclass(frozen=True)
class ColorCodec:
    """A and B of every pixel: output (N, 2, 128, 128) = (8-bit value - ``zero``) / ``scale``.

    0 and 255 for the ReLU network, 128 and 127 for the tanh network ("Pre-processing").
    """

    zero: float
    scale: float

    def inputs(self, lightness: Float32) -> Float32:
        return _inputs(lightness)

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        value = (ab + np.float32(128 - self.zero)) / np.float32(self.scale)
        return np.ascontiguousarray(value.transpose(0, 3, 1, 2))

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        ab = outputs * np.float32(self.scale) + np.float32(self.zero - 128)
        return np.ascontiguousarray(ab.transpose(0, 2, 3, 1))


@dataclass(frozen=True)
class MeanCodec:
    """The picture's mean A and B: output (N, 1, 1, 2), 8-bit values over 255."""

    def inputs(self, lightness: Float32) -> Float32:
        return _inputs(lightness)

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        count = ab.shape[1] * ab.shape[2]
        # A product with ones: ten times as fast as a mean whose last axis is 2.
        total = np.ones((1, count), np.float32) @ ab.reshape(len(ab), count, 2)
        mean: Float32 = (total[:, None] / np.float32(count) + np.float32(128)) / np.float32(255)
        return mean

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        ab = outputs.reshape(-1, 1, 1, 2) * np.float32(255) - np.float32(128)
        return np.ascontiguousarray(np.broadcast_to(ab, (len(ab), height, width, 2)))


RELU = ColorCodec(zero=0, scale=255)
TANH = ColorCodec(zero=128, scale=127)
MEAN = MeanCodec()
