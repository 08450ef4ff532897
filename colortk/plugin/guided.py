"""Colorizers that take the hints of a user themselves."""

from __future__ import annotations

from typing import Protocol

from colortk.guidance.working_hints import WorkingHints
from colortk.plugin.spec import Colorizer
from colortk.types import Chroma, Lightness


class GuidedColorizer(Colorizer, Protocol):
    """A colorizer that uses hints in its prediction; declared with ``guided=True``.

    It may have the attribute ``follows_hints``, bool. ``False`` says that the weights that it has
    loaded do not take hints. The host then spreads hints over its predictions, as for colorizers
    that are not guided.
    """

    def predict_ab_guided(self, lightness: Lightness, hints: WorkingHints) -> Chroma:
        """Predict the chroma of a picture with hints.

        The host makes the colors at hints exact afterward, and applies masks, regions and
        palettes. It also propagates hints over the predictions of other colorizers.

        Parameters
        ----------
        lightness : float32 array of shape (H, W)
            As for :meth:`predict_ab`.
        hints : WorkingHints
            ``hints.ab``, float32 (H, W, 2), and ``hints.mask``, float32 (H, W), at the same size.
            There is at least one hint. They must not be changed.

        Returns
        -------
        float32 array of shape (H, W, 2)
            CIE a* and b*; finite, and the same for the same lightness and hints.
        """
        ...
