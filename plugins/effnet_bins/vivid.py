"""More color where there is little.

An expected color is pale where it is uncertain, and strong where it is not: what a factor on all
of it does for the first is too much for the second (photographers have "vibrance" beside
"saturation" for it).
"""

from __future__ import annotations

import numpy as np

from colortk.plugin import Float32

#: Chroma (CIELAB) at which what is added has fallen to 37 %.
KNEE = 40.0


def boost_pale_colors(ab: Float32, amount: float) -> Float32:
    """Chroma (..., 2) with its hue, times 1 + (``amount`` - 1) · exp(-C* / ``KNEE``), float32.

    ``amount``: 1 changes nothing. Up to 4 a stronger color stays the stronger of two.
    """
    if amount == 1:
        return ab
    chroma = np.sqrt(np.square(ab).sum(-1, keepdims=True))
    more: Float32 = ab * (1 + np.float32(amount - 1) * np.exp(chroma * np.float32(-1 / KNEE)))
    return more
