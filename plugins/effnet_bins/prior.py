"""The frequency of each color in the training pictures."""

from __future__ import annotations

import numpy as np

from colortk.plugin import Array, Float32, PictureError, rgb_to_lab
from colortk.training.data.crops import center_crop
from colortk.training.data.image_cache import ImageCache
from colortk.training.data.source import picture_source
from colortk.training.data.split import split_pictures
from colortk.training.request import TrainRequest

from .bins import CENTERS
from .losses import SIGMA

#: Number of pictures, drawn by the weights of their folders, and their side in pixels.
PICTURES, SIDE = 1500, 32


def color_prior(request: TrainRequest) -> Array:
    """Return the frequency of each cell in training pictures, smoothed as the targets are.

    Parameters
    ----------
    request : TrainRequest
        The pictures.

    Returns
    -------
    ndarray
        float64 (cells,); sums to 1.
    """
    source = picture_source(request.data)
    split = split_pictures(source.paths, request.data, request.seed, request.emphasis)
    rng = np.random.default_rng([request.seed, 2])
    images = ImageCache(source, split.train)
    count = np.full(len(CENTERS), 1e-3)
    with request.progress("how often each color is", PICTURES) as advance:
        for index in rng.choice(len(images), PICTURES, p=np.asarray(split.weights)):
            advance(1)
            try:
                picture = images[int(index)]
            except PictureError:
                continue  # the training reports it
            count += soft_counts(rgb_to_lab(center_crop(picture, SIDE))[..., 1:].reshape(-1, 2))
    share: Array = count / count.sum()
    return share


def soft_counts(ab: Float32) -> Array:
    """Return the sum of the soft encodings of colors (n, 2), float64 (cells,)."""
    logits = (2 * ab @ CENTERS.T - np.sum(CENTERS**2, -1)) / (2 * SIGMA**2)
    likely = np.exp(logits - logits.max(-1, keepdims=True))
    total: Array = (likely / likely.sum(-1, keepdims=True)).sum(0, dtype=np.float64)
    return total
