"""Scaling of Acharya (2022): 8-bit CIELAB, 128 × 128, channels last, rows as the first axis.

8-bit CIELAB as in OpenCV is L* × 255/100, a* + 128 and b* + 128. Nothing is rounded to 8 bits here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from colortk.plugin import Float32

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value


def _inputs(lightness: Float32) -> Float32:
    """Return L* (N, 128, 128) in 0 to 1 as (N, 1, 128, 128), with columns as channels."""
    return (lightness / np.float32(100))[:, None]


def _add_inputs(lightness: Value) -> Value:
    """Return `_inputs` of (1, 1, rows, columns) as an ONNX value, with columns as channels."""
    return lightness.transpose(0, 3, 1, 2) * (1 / 100)


@dataclass(frozen=True)
class ColorCodec:
    """Codec for a network that predicts A and B of every pixel, (N, 2, 128, 128).

    Parameters
    ----------
    zero, scale : float
        An output is (8-bit value - ``zero``) / ``scale``: 0 and 255 for the ReLU network, 128 and
        127 for the tanh network ("Pre-processing").
    """

    zero: float
    scale: float

    def inputs(self, lightness: Float32) -> Float32:
        """Return the inputs of the network for L*, float32 (N, 128, 128)."""
        return _inputs(lightness)

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        """Return the targets for a* and b*, float32 (N, 128, 128, 2)."""
        value = (ab + np.float32(128 - self.zero)) / np.float32(self.scale)
        return np.ascontiguousarray(value.transpose(0, 3, 1, 2))

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        """Return a* and b*, float32 (N, 128, 128, 2), of the outputs."""
        ab = outputs * np.float32(self.scale) + np.float32(self.zero - 128)
        return np.ascontiguousarray(ab.transpose(0, 2, 3, 1))

    def add_inputs(self, graph: PictureGraph, lightness: Value) -> Value:
        """Return the input of the network as an ONNX value; see :meth:`inputs`."""
        return _add_inputs(lightness)

    def add_chroma(self, graph: PictureGraph, outputs: Value, lightness: Value) -> Value:
        """Return a* and b* (1, 2, 128, 128) as an ONNX value; see :meth:`chroma`."""
        return outputs.transpose(0, 2, 3, 1) * self.scale + (self.zero - 128)


@dataclass(frozen=True)
class MeanCodec:
    """Codec for a network that predicts the mean A and B of a picture, (N, 1, 1, 2), over 255."""

    def inputs(self, lightness: Float32) -> Float32:
        """Return the inputs of the network for L*, float32 (N, 128, 128)."""
        return _inputs(lightness)

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        """Return the mean of a* and b*, float32 (N, H, W, 2), on the scale of the outputs."""
        count = ab.shape[1] * ab.shape[2]
        # A product with ones is ten times as fast as a mean over all axes but one of length 2.
        total = np.ones((1, count), np.float32) @ ab.reshape(len(ab), count, 2)
        mean: Float32 = (total[:, None] / np.float32(count) + np.float32(128)) / np.float32(255)
        return mean

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        """Return a* and b*, the same at every pixel, float32 (N, height, width, 2)."""
        ab = outputs.reshape(-1, 1, 1, 2) * np.float32(255) - np.float32(128)
        return np.ascontiguousarray(np.broadcast_to(ab, (len(ab), height, width, 2)))

    def add_inputs(self, graph: PictureGraph, lightness: Value) -> Value:
        """Return the input of the network as an ONNX value; see :meth:`inputs`."""
        return _add_inputs(lightness)

    def add_chroma(self, graph: PictureGraph, outputs: Value, lightness: Value) -> Value:
        """Return a* and b* (1, 2, h, w) as an ONNX value; see :meth:`chroma`."""
        ab = outputs.reshape(1, 2, 1, 1) * 255 - 128
        return ab.expand(1, 2, lightness.size(2), lightness.size(3))


RELU = ColorCodec(zero=0, scale=255)
TANH = ColorCodec(zero=128, scale=127)
MEAN = MeanCodec()
