"""Learned perceptual image patch similarity (Zhang, Isola, Efros, Shechtman, Wang 2018)."""

from __future__ import annotations

from colortk.harness.lpips.network import distance
from colortk.harness.metrics.pair import Pair


def lpips(pair: Pair) -> float:
    """LPIPS 0.1 with AlexNet, at the pictures' own size; 0 for identical ones.

    Raises ``PictureError`` for a side under 31 pixels, ``ArtifactError`` if the network cannot
    be trusted.
    """
    return distance(pair.truth.features, pair.result.features)
