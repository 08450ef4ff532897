"""More chroma where there is little.

An expected color is pale where it is uncertain, and strong where it is certain. A constant factor
that suits the first is too much for the second. (Photo editors call the difference "vibrance" and
"saturation".)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colortk.plugin import Float32

if TYPE_CHECKING:
    from colortk.plugin import Value

#: Chroma (CIELAB) at which the increase has fallen to 37 %.
KNEE = 40.0


def boost_pale_colors(ab: Float32, amount: float) -> Float32:
    """Multiply chroma by 1 + (``amount`` - 1) · exp(-C* / ``KNEE``); hue stays.

    Parameters
    ----------
    ab : ndarray
        a* and b*, float32 (..., 2).
    amount : float
        1 changes nothing. Up to 4 the stronger of two colors stays the stronger one.

    Returns
    -------
    ndarray
        float32 (..., 2).
    """
    if amount == 1:
        return ab
    chroma = np.sqrt(np.square(ab).sum(-1, keepdims=True))
    boosted: Float32 = ab * (1 + np.float32(amount - 1) * np.exp(chroma * np.float32(-1 / KNEE)))
    return boosted


def add_boost(ab: Value, amount: float) -> Value:
    """Return :func:`boost_pale_colors` of (1, 2, h, w) as an ONNX value."""
    if amount == 1:
        return ab
    chroma = ab.then("ReduceL2", axes=[1], keepdims=1)
    return ab * ((chroma * (-1 / KNEE)).then("Exp") * (amount - 1) + 1.0)
