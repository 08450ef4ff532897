"""More chroma where the network is certain of a color, and little where it is not.

An expected color is pale for two reasons: the thing is pale, or several colors are possible and
their mean is gray. Only where the distribution is concentrated does a stronger color stay right:
elsewhere it makes patches. So chroma is raised by the concentration of the distribution, less for
colors that are strong already (what photo editors call vibrance), and less in deep shadows and on
pale ground, where photographs have little chroma.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colortk.plugin import Float32, chroma_field

from .tone import add_interpolation

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value

#: Chroma (CIELAB) at which the increase has fallen to 37 %.
KNEE = 40.0
#: Concentrations between which the increase grows from nothing to all.
UNCERTAIN, CERTAIN = 0.3, 0.8
#: Root mean square of chroma by L* in photographs, divided by its maximum: 1,500 of the training
#: pictures, 400 pixels each.
_LIGHTNESS = (0, 6, 10, 14, 18, 22, 30, 40, 50, 64, 72, 80, 86, 92, 98, 100)
_USUAL_CHROMA = (
    0.10, 0.33, 0.45, 0.55, 0.62, 0.71, 0.83, 0.96, 1, 1, 0.9, 0.78, 0.66, 0.55, 0.28, 0.2,
)  # fmt: skip


def concentration(mean: Float32, mean_chroma: Float32) -> Float32:
    """Return how concentrated distributions of colors are.

    Parameters
    ----------
    mean : ndarray
        Expected a* and b*, float32 (..., 2).
    mean_chroma : ndarray
        Expected chroma, float32 (...). The chroma of the expected color is at most that.

    Returns
    -------
    ndarray
        float32 (...): 1 for one certain hue, 0 where opposite hues are equally likely.
    """
    chroma = np.sqrt(np.square(mean).sum(-1))
    result: Float32 = np.minimum(chroma / np.maximum(mean_chroma, np.float32(1e-3)), 1)
    return result


def more_vivid(ab: Float32, amount: float, certainty: Float32, lightness: Float32) -> Float32:
    """Multiply chroma by a factor from 1 to ``amount``; hue stays.

    Parameters
    ----------
    ab : ndarray
        a* and b* of a picture, float32 (h, w, 2).
    amount : float
        1 changes nothing. Up to 8 the stronger of two colors stays the stronger one, if both are
        equally certain.
    certainty : ndarray
        Concentration of the distributions, float32 (h, w), see :func:`concentration`.
    lightness : ndarray
        L*, float32 (h, w).

    Returns
    -------
    ndarray
        float32 (h, w, 2).
    """
    if amount == 1:
        return ab
    # Certainty changes abruptly inside things. Smoothed along the edges of the picture, it changes
    # where they end.
    both = np.ascontiguousarray(np.stack([certainty, certainty], -1))
    smooth = chroma_field(lightness, both, exact=False).chroma_of_block(0, 0, lightness)[..., 0]
    share = np.clip((smooth - UNCERTAIN) / (CERTAIN - UNCERTAIN), 0, 1)
    weight = share * share * (3 - 2 * share)
    weight *= np.interp(lightness, _LIGHTNESS, _USUAL_CHROMA).astype(np.float32)
    chroma = np.sqrt(np.square(ab).sum(-1))
    factor = 1 + np.float32(amount - 1) * weight * np.exp(chroma * np.float32(-1 / KNEE))
    vivid: Float32 = np.ascontiguousarray(ab * factor[..., None], np.float32)
    return vivid


def add_concentration(mean: Value, mean_chroma: Value) -> Value:
    """Return :func:`concentration` as an ONNX value (1, 1, h, w)."""
    chroma = mean.then("ReduceL2", axes=[1], keepdims=1)
    return (chroma / mean_chroma.maximum(1e-3)).minimum(1.0)


def add_more_vivid(
    graph: PictureGraph,
    ab: Value,
    amount: float,
    certainty: Value | None,
    lightness: Value,
    short: int,
) -> Value:
    """Return :func:`more_vivid` as an ONNX value (1, 2, h, w).

    Parameters
    ----------
    graph : PictureGraph
        The graph.
    ab : Value
        a* and b*, float32 (1, 2, h, w).
    amount : float
        Largest factor on chroma.
    certainty : Value or None
        Float32 (1, 1, h, w); ``None`` is 1 everywhere.
    lightness : Value
        L* of the working size, float32 (1, 1, H, W).
    short : int
        Pixels of the short side of ``ab``.
    """
    if amount == 1:
        return ab
    lightness = graph.resized(lightness, ab)
    weight = add_interpolation(lightness, _LIGHTNESS, _USUAL_CHROMA)
    if certainty is not None:
        smooth = graph.smoothed_along_edges(lightness, certainty, short)
        share = (smooth - UNCERTAIN) * (1 / (CERTAIN - UNCERTAIN))
        share = share.maximum(0.0).minimum(1.0)
        weight = weight * share * share * (3.0 - 2.0 * share)
    chroma = ab.then("ReduceL2", axes=[1], keepdims=1)
    return ab * ((chroma * (-1 / KNEE)).then("Exp") * weight * (amount - 1) + 1.0)
