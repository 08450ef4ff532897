"""Colorizers that can give several versions of a picture."""

from __future__ import annotations

from typing import Protocol

from colortk.plugin.spec import Colorizer
from colortk.types import Chroma, Lightness


class SamplingColorizer(Colorizer, Protocol):
    """A colorizer that can give several versions; declared with ``samples=True``."""

    def predict_ab_samples(self, lightness: Lightness, count: int, seed: int) -> Chroma:
        """Predict several plausible versions of a picture, which should differ clearly.

        Parameters
        ----------
        lightness : float32 array of shape (H, W)
            As for :meth:`predict_ab`.
        count : int
            Number of versions, from 1.
        seed : int
            From 0. The same lightness, count and seed give the same versions.

        Returns
        -------
        float32 array of shape (count, H, W, 2)
            CIE a* and b*; finite.
        """
        ...
