"""Draw the hints that a network with hint channels is trained with."""

from __future__ import annotations

import numpy as np

from colortk.types import Float32

#: Share of pictures without any hint, so that the network also learns to predict without them.
NONE = 0.25
#: Share of pictures whose color is given everywhere.
ALL = 0.01
#: Parameter of the geometric distribution of the number of hints: 8 in the mean.
RATE = 1 / 8
#: Largest side of the square that a hint covers, in pixels.
LARGEST = 9
#: Standard deviation of the positions around the center, as a share of the side of the picture.
SPREAD = 0.25


def random_hints(ab: Float32, rng: np.random.Generator) -> tuple[Float32, Float32]:
    """Return hints at random positions of a picture, with its own colors.

    A hint covers a square of 1 to 9 pixels and shows the mean color in it.

    Parameters
    ----------
    ab : float32 array of shape (H, W, 2)
        CIE a* and b* of the picture.
    rng : numpy.random.Generator
        Decides the number, the positions and the sizes.

    Returns
    -------
    ab : float32 array of shape (H, W, 2)
        CIE a* and b* of the hints; 0 where there is none.
    mask : float32 array of shape (H, W)
        1 where there is a hint, else 0.

    References
    ----------
    Zhang et al. (2017), "Real-Time User-Guided Image Colorization with Learned Deep Priors", ACM
    Transactions on Graphics 36(4), section 3.3: the distributions, except that it gives no hints to
    one picture in eight.
    """
    height, width = ab.shape[:2]
    hints, mask = np.zeros_like(ab), np.zeros((height, width), np.float32)
    kind = rng.random()
    if kind < ALL:
        return ab.copy(), np.ones_like(mask)
    if kind < ALL + NONE:
        return hints, mask
    for _ in range(rng.geometric(RATE)):
        size = int(rng.integers(1, LARGEST + 1))
        rows, columns = (
            _extent(rng.normal(0.5, SPREAD) * length, size, length) for length in (height, width)
        )
        hints[rows, columns] = ab[rows, columns].mean((0, 1))
        mask[rows, columns] = 1
    return hints, mask


def _extent(center: float, size: int, length: int) -> slice:
    """Return the pixels of a hint along one axis, moved into the picture."""
    size = min(size, length)
    start = int(np.clip(round(center - size / 2), 0, length - size))
    return slice(start, start + size)
