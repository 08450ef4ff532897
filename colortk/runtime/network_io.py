"""Convert pictures to the input of a network, and its output to chroma, with NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from colortk.types import Float32

if TYPE_CHECKING:
    from colortk.runtime.picture_graph.plugin_graph import PictureGraph
    from colortk.runtime.picture_graph.values import Value


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


@runtime_checkable
class HintCodec(Protocol):
    """What a :class:`Codec` has besides for a network that takes hints."""

    def inputs_with_hints(self, lightness: Float32, ab: Float32, mask: Float32) -> Float32:
        """Return the input of the network, (N, h, w, C).

        Parameters
        ----------
        lightness : float32 array of shape (N, H, W)
            CIE L*.
        ab : float32 array of shape (N, H, W, 2)
            CIE a* and b* of the hints, 0 elsewhere.
        mask : float32 array of shape (N, H, W)
            1 where a hint is, else 0.
        """
        ...


@runtime_checkable
class GraphCodec(Protocol):
    """The conversions of a :class:`Codec` as ONNX operators, for ``colortk export``."""

    def add_inputs(self, graph: PictureGraph, lightness: Value) -> Value:
        """Return the input of the network, (1, C, h, w), for CIE L*, (1, 1, H, W)."""
        ...

    def add_chroma(self, graph: PictureGraph, outputs: Value, lightness: Value) -> Value:
        """Return CIE a* and b*, (1, 2, H, W), for the network's output, with channels first."""
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

    def add_inputs(self, graph: PictureGraph, lightness: Value) -> Value:
        plane = (lightness - self.offset) * (1 / self.scale)
        return graph.join([plane] * self.channels, 1) if self.channels > 1 else plane

    def add_chroma(self, graph: PictureGraph, outputs: Value, lightness: Value) -> Value:
        return outputs * self.chroma_scale
