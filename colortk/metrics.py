"""Scores of pictures in memory: ``score(prediction, original)``."""

from __future__ import annotations

from collections.abc import Sequence

from colortk.errors import PictureError
from colortk.harness.metrics.pair import Truth
from colortk.harness.scoring import Scorer
from colortk.plugin.registry import registry
from colortk.types import Array


def score(pred: Array, truth: Array, names: Sequence[str] | None = None) -> dict[str, float]:
    """Score the picture ``pred`` against the original ``truth``.

    ``pred``, ``truth``: sRGB uint8 (H, W, 3) of the same size. ``names``: which metrics, as in
    ``colortk plugins list --kind metric``; by default all of pictures, less those that cannot be computed
    (the chroma ratio to a grey original, LPIPS of a tiny picture). Returns values by name.

    Raises ``UsageError`` (not such pictures, unknown metric), ``PluginError`` (broken metric), or
    ``PictureError`` if a metric of ``names`` cannot be computed.
    """
    wanted = list(registry().metrics()) if names is None else list(names)
    scores = Scorer(wanted)(Truth(truth), pred)
    if names is not None and scores.errors:
        raise PictureError("the picture cannot be scored", "; ".join(scores.errors.values()))
    return scores.values
