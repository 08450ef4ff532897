"""LPIPS on VGG16, whose network is too large to be shipped."""

from __future__ import annotations

from colortk.harness.lpips.network import distance
from colortk.harness.metrics.pair import Pair


def lpips_vgg(pair: Pair) -> float:
    """Return LPIPS 0.1 with VGG16, at the pictures' own size; 0 for identical pictures.

    Raises
    ------
    PictureError
        If a side is under 16 pixels.
    ArtifactError
        If ``COLORTK_LPIPS_VGG`` names no network, or not this one.

    References
    ----------
    Zhang, Isola, Efros, Shechtman, Wang 2018, "The Unreasonable Effectiveness of Deep Features as
    a Perceptual Metric".
    """
    return distance(pair.truth.vgg_features, pair.result.vgg_features)
