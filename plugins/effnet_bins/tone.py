"""Less chroma near black and near white, as photographs have it.

The network decides colors at a quarter of the working size: black letters and the folds of a black
coat take the color of what is around them, often a dark red. Photographs have little chroma there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colortk.plugin import Float32

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colortk.plugin import Value

#: L* and the share of the chroma that is kept there, chosen on `bench` (see the model card).
_LIGHTNESS = (4.0, 32.0, 80.0, 97.0)
_SHARE = (0.4, 1.0, 1.0, 0.5)


def with_usual_tone(ab: Float32, lightness: Float32) -> Float32:
    """Reduce chroma near black and near white; hue stays.

    Parameters
    ----------
    ab : ndarray
        a* and b*, float32 (..., H, W, 2).
    lightness : ndarray
        L*, float32 (H, W), 0 to 100.

    Returns
    -------
    ndarray
        float32 (..., H, W, 2).
    """
    share = interpolation(lightness, _LIGHTNESS, _SHARE)
    result = np.empty(ab.shape, np.float32)
    for channel in (0, 1):  # far faster than to spread ``share`` over the last axis
        np.multiply(ab[..., channel], share, out=result[..., channel])
    return result


def add_usual_tone(ab: Value, lightness: Value) -> Value:
    """Return :func:`with_usual_tone` as an ONNX value.

    Parameters
    ----------
    ab, lightness : Value
        Float32 (1, 2, h, w) and (1, 1, h, w).
    """
    return ab * add_interpolation(lightness, _LIGHTNESS, _SHARE)


def interpolation(x: Float32, positions: Sequence[float], values: Sequence[float]) -> Float32:
    """Return ``numpy.interp(x, positions, values)``, float32, for a few positions much faster.

    Parameters
    ----------
    x : ndarray
        float32 (...).
    positions, values : sequence of float
        Corners; positions increase.

    Returns
    -------
    ndarray
        float32 (...).
    """
    slopes = np.diff(values) / np.diff(positions)
    x = np.clip(x, np.float32(positions[0]), np.float32(positions[-1]))
    y = (x - np.float32(positions[0])) * np.float32(slopes[0]) + np.float32(values[0])
    for start, change in zip(positions[1:-1], np.diff(slopes), strict=True):
        y += np.maximum(x - np.float32(start), np.float32(0)) * np.float32(change)
    return y


def add_interpolation(x: Value, positions: Sequence[float], values: Sequence[float]) -> Value:
    """Return ``numpy.interp(x, positions, values)`` as an ONNX value, from sums of ramps."""
    slopes = np.diff(values) / np.diff(positions)
    x = x.maximum(positions[0]).minimum(positions[-1])
    y = (x - positions[0]) * float(slopes[0]) + values[0]
    for start, change in zip(positions[1:-1], np.diff(slopes), strict=True):
        y = y + (x - start).then("Relu") * float(change)
    return y
