"""Colorizers that use the neighboring frames of a film."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from colortk.plugin.spec import Colorizer
from colortk.types import Chroma, Lightness


class FilmColorizer(Colorizer, Protocol):
    """A colorizer that gets the frames of a film in order; declared with ``film=True``."""

    def predict_ab_film(self, lightnesses: Iterator[Lightness]) -> Iterator[Chroma]:
        """Predict the chroma of every frame of one film.

        The host does not make these colors steady itself. The simplest form is a generator, whose
        local variables are the memory of one film. Nothing may be kept for the next film.

        Parameters
        ----------
        lightnesses : iterator of float32 arrays of shape (H, W)
            As for :meth:`predict_ab`, the frames in order; all have the same size. Up to 100
            frames may be read before the chroma of the first of them is returned.

        Yields
        ------
        float32 array of shape (H, W, 2)
            CIE a* and b* of each frame, in order; finite, and the same for the same film.
        """
        ...
