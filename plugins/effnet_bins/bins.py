"""The colors that a pixel is classified into: cells of a grid over a* and b* (Zhang 2016, 3.1).

Cells are 10 wide, with centers at multiples of 10: the 261 cells that contain a color of sRGB at
any lightness. Zhang counts 313, including cells around the gamut that contain no color of sRGB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colortk.plugin import Float32

if TYPE_CHECKING:
    from colortk.plugin import PictureGraph, Value

#: Width of a cell, in units of a* and b*.
WIDTH = 10
#: First and last b* of each row of cells, by a*; in tens.
_ROWS_OF_BINS = {
    -9: (8, 8),
    -8: (4, 8),
    -7: (2, 9),
    -6: (0, 9),
    -5: (-2, 9),
    -4: (-3, 9),
    -3: (-4, 9),
    -2: (-4, 9),
    -1: (-5, 9),
    0: (-6, 9),
    1: (-7, 8),
    2: (-7, 8),
    3: (-8, 8),
    4: (-9, 8),
    5: (-9, 7),
    6: (-10, 7),
    7: (-11, 7),
    8: (-11, 7),
    9: (-9, 0),
    10: (-7, -5),
}
#: a*, b* of every cell's center, float32 (cells, 2), in order of a*, then b*.
CENTERS: Float32 = np.array(
    [
        (WIDTH * a, WIDTH * b)
        for a, (first, last) in _ROWS_OF_BINS.items()
        for b in range(first, last + 1)
    ],
    np.float32,
)


#: a*, b*, chroma and 1 for every cell's center, float32 (cells, 4): sums over all cells at once.
_COLORS: Float32 = np.column_stack([CENTERS, np.hypot(*CENTERS.T), np.ones(len(CENTERS))]).astype(
    np.float32
)
#: Logits beyond it are clipped: exponentials stay finite in float32 without a maximum per pixel.
LARGEST_LOGIT = 60.0


def annealed_mean(logits: Float32, temperature: float) -> tuple[Float32, Float32]:
    """Return the annealed mean color of a distribution (Zhang 2016, equation 5), and mean chroma.

    Each center counts by its probability to the power of 1 / ``temperature``.

    Parameters
    ----------
    logits : ndarray
        Unnormalized log-probabilities of the cells, float32 (..., cells).
    temperature : float
        1 gives the expected color, accurate and pale; toward 0 it becomes the likeliest color,
        vivid and sometimes wrong.

    Returns
    -------
    mean : ndarray
        a* and b*, float32 (..., 2).
    mean_chroma : ndarray
        Mean of the chroma of the centers, float32 (...).
    """
    if temperature == 1:  # the maximum per pixel would take a third of the time
        scaled = np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)
    else:
        scaled = logits * np.float32(1 / temperature)
        scaled -= scaled.max(-1, keepdims=True)
    np.exp(scaled, out=scaled)
    sums = scaled @ _COLORS
    means: Float32 = sums[..., :3] / sums[..., 3:]
    return means[..., :2], means[..., 2]


def add_annealed_mean(
    graph: PictureGraph, logits: Value, temperature: float
) -> tuple[Value, Value]:
    """Return :func:`annealed_mean` of (1, cells, h, w) as ONNX values (1, 2 and 1, h, w)."""
    scaled = logits * (1 / temperature)
    highest = scaled.then("ReduceMax", axes=[1], keepdims=1)
    weights = graph.array(_COLORS.T[:, :, None, None])
    total = graph.value("Conv", [(scaled - highest).then("Exp"), weights])
    ab, chroma, count = total.split(1, [2, 1, 1])
    return ab / count, chroma / count


def softmax(logits: Float32) -> Float32:
    """Return the probabilities, float32 (..., cells), of logits (..., cells)."""
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return np.ascontiguousarray(exponentials / exponentials.sum(-1, keepdims=True), np.float32)
