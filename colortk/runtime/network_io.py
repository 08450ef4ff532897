"""Convert pictures to the input of a network, and its output to chroma, with NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from colortk.types import Float32


class Codec(Protocol):
    """Conversions that training and serving share. All arrays are float32 with the batch first."""

    def inputs(self, lightness: Float32) -> Float32:
        """Return the input of the network, (N, h, w, C), for CIE L*, (N, H, W)."""
        ...

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        """Return the values with which the loss compares the network's output.

        Parameters
        ----------
        ab : float32 array of shape (N, H, W, 2)
            True CIE a* and b*.
        lightness : float32 array of shape (N, H, W)
            True CIE L*. The network's input may have been made from altered lightness.
        """
        ...

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        """Return CIE a* and b*, (N, height, width, 2), for the network's output."""
        ...


@dataclass(frozen=True)
class LinearScaling:
    """Scale lightness and chroma linearly: input (L* - offset) / scale, output ab / chroma_scale.

    Parameters
    ----------
    scale : float
        Divides lightness.
    chroma_scale : float
        Multiplies the network's output.
    offset : float, optional
        Subtracted from lightness.
    channels : int, optional
        How often the input is repeated: 3 for an encoder that was made for RGB.
    """

    scale: float
    chroma_scale: float
    offset: float = 0.0
    channels: int = 1

    def inputs(self, lightness: Float32) -> Float32:
        plane = ((lightness - np.float32(self.offset)) / np.float32(self.scale))[..., None]
        return np.repeat(plane, self.channels, axis=3) if self.channels > 1 else plane

    def targets(self, ab: Float32, lightness: Float32) -> Float32:
        return ab / np.float32(self.chroma_scale)

    def chroma(self, outputs: Float32, height: int, width: int) -> Float32:
        return outputs * np.float32(self.chroma_scale)
