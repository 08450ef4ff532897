"""Scores of pictures in memory: :func:`score`."""

from __future__ import annotations

from collections.abc import Sequence

from colortk.errors import PictureError
from colortk.harness.metrics.pair import Truth
from colortk.harness.scoring import Scorer
from colortk.plugin.registry import registry
from colortk.types import Array


def score(
    result: Array, original: Array, names: str | Sequence[str] | None = None
) -> dict[str, float]:
    """Score a result against the original.

    Parameters
    ----------
    result : array of uint8, shape (H, W, 3)
        The result, sRGB.
    original : array of uint8, shape (H, W, 3)
        The original, sRGB, of the same size.
    names : str or sequence of str, optional
        Metrics, as ``colortk plugins list --kind metric`` lists them. By default all metrics of
        pictures that can be computed: the chroma ratio cannot where the original is gray, and LPIPS
        cannot on pictures of a few pixels.

    Returns
    -------
    dict of str to float
        Scores by metric, also for one metric.

    Raises
    ------
    UsageError
        An array is not such a picture, the sizes differ, or a metric is unknown.
    PictureError
        A metric that was named cannot be computed for this picture.
    PluginError
        A metric is broken.

    Examples
    --------
    >>> import numpy as np
    >>> import colortk
    >>> original = np.full((16, 16, 3), (200, 150, 100), np.uint8)
    >>> result = colortk.colorize(original, "gray")
    >>> colortk.metrics.score(original, original, "mse")
    {'mse': 0.0}
    >>> scores = colortk.metrics.score(result, original, ["psnr", "ssim"])
    >>> sorted(scores)
    ['psnr', 'ssim']
    """
    if isinstance(names, str):
        names = [names]
    metrics = list(registry().metrics()) if names is None else list(names)
    scores = Scorer(metrics)(Truth(original), result)
    if names is not None and scores.errors:
        raise PictureError("the picture cannot be scored", "; ".join(scores.errors.values()))
    return scores.values
