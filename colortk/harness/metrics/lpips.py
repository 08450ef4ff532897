"""Learned perceptual image patch similarity (Zhang, Isola, Efros, Shechtman, Wang 2018)."""

from __future__ import annotations

from colortk.harness.lpips.network import distance
from colortk.harness.metrics.pair import Pair


def lpips(pair: Pair) -> float:
    """Return LPIPS 0.1 with AlexNet, at the pictures' own size; 0 for identical pictures.

    Raises
    ------
    PictureError
        If a side is under 31 pixels.
    ArtifactError
        If the network is missing or damaged.

    References
    ----------
    Zhang, Isola, Efros, Shechtman, Wang 2018, "The Unreasonable Effectiveness of Deep Features as
    a Perceptual Metric".
    """
    return distance(pair.truth.features, pair.result.features)
