"""How often each colour is in the pictures that are trained on."""

from __future__ import annotations

import numpy as np

from colortk.color.cielab import rgb_to_lab
from colortk.errors import PictureError
from colortk.training.data.crops import middle
from colortk.training.data.image_cache import Album
from colortk.training.data.source import picture_source
from colortk.training.data.split import split
from colortk.training.request import TrainRequest
from colortk.types import Array, Float32

from .bins import CENTRES
from .losses import SIGMA

#: Pictures that are looked at, drawn by the weight of their folders, and their size.
PICTURES, SIDE = 1500, 32


def prior(request: TrainRequest) -> Array:
    """Share of each cell, float64 (cells,), smoothed as the targets are; sums to 1."""
    source = picture_source(request.data)
    sides = split(source.paths, request.data, request.seed, request.emphasis)
    rng = np.random.default_rng([request.seed, 2])
    album = Album(source, sides.train)
    count = np.full(len(CENTRES), 1e-3)
    with request.progress("how often each colour is", PICTURES) as advance:
        for index in rng.choice(len(album), PICTURES, p=np.asarray(sides.weights)):
            advance(1)
            try:
                picture = album[int(index)]
            except PictureError:
                continue  # the training says so
            count += spread(rgb_to_lab(middle(picture, SIDE))[..., 1:].reshape(-1, 2))
    share: Array = count / count.sum()
    return share


def spread(ab: Float32) -> Array:
    """Sum of the soft encodings of colours (n, 2): float64 (cells,)."""
    logits = (2 * ab @ CENTRES.T - np.sum(CENTRES**2, -1)) / (2 * SIGMA**2)
    likely = np.exp(logits - logits.max(-1, keepdims=True))
    total: Array = (likely / likely.sum(-1, keepdims=True)).sum(0, dtype=np.float64)
    return total
