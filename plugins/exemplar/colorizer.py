"""Takes the colors of a reference picture where it matches."""

from __future__ import annotations

from typing import Any

import numpy as np

from colortk.plugin import (
    Artifacts,
    Chroma,
    Float32,
    Lightness,
    chroma_field,
    resize,
    spread_certain_values,
)

from ..effnet_bins.colorizer import EffnetBins
from ..effnet_bins.colorizer import colorizer as automatic_colorizer
from .features import CELL, TENSORS, describe
from .matching import Match, match
from .options import Options
from .reference import Reference, read_reference
from .spec import colortk_colorizers

#: Pixels of the working size by which the picture is smaller where colors are spread.
SPREAD_SCALE = 2
#: Share of matched cells from which on the mirrored reference is not tried.
ENOUGH = 0.6


class Exemplar:
    """Takes colors where the reference matches, and automatic ones elsewhere.

    Parameters
    ----------
    automatic : EffnetBins
        The colorizer of automatic colors, whose encoder describes pictures.
    reference : Reference
        The picture whose colors are taken.

    Raises
    ------
    ArtifactError
        The network lacks one of `.features.TENSORS`.
    """

    def __init__(self, automatic: EffnetBins, reference: Reference) -> None:
        self.automatic = automatic
        self._references = [
            (picture.ab, describe(automatic.predict_with_features(picture.lightness, TENSORS)[1]))
            for picture in (reference, reference.mirrored)
        ]

    def predict_ab(self, lightness: Lightness) -> Chroma:
        """Return the chroma, float32 (H, W, 2), of lightness, float32 (H, W)."""
        automatic, tensors = self.automatic.predict_with_features(lightness, TENSORS)
        best, ab = self._best_match(describe(tensors))
        if not best.certainty.any():
            return automatic
        return blend(lightness, automatic, colors_of(best, ab), best.certainty)

    def _best_match(self, description: list[Float32]) -> tuple[Match, Float32]:
        """Return the match with the reference or with its mirror image, and the chroma of that."""
        matches: list[tuple[Match, Float32]] = []
        for ab, reference in self._references:
            matches.append((match(description, reference), ab))
            if matches[-1][0].share > ENOUGH:
                break
        return max(matches, key=lambda pair: pair[0].share)


def colors_of(matched: Match, ab: Float32) -> Float32:
    """Return the reference's chroma for each cell of the picture.

    Parameters
    ----------
    matched : Match
        From :func:`.matching.match`.
    ab : ndarray
        Chroma of the reference, float32 (H, W, 2), at its working size.

    Returns
    -------
    ndarray
        a* and b*, float32 (rows, columns, 2).
    """
    cells = resize(ab, (ab.shape[1] // CELL, ab.shape[0] // CELL)).reshape(-1, 2)
    colors: Float32 = cells[matched.cells]
    return colors


def blend(lightness: Float32, automatic: Float32, colors: Float32, certainty: Float32) -> Float32:
    """Replace automatic chroma by given colors where they are certain, up to the next edges.

    Parameters
    ----------
    lightness : ndarray
        L*, float32 (H, W).
    automatic : ndarray
        a* and b*, float32 (H, W, 2).
    colors, certainty : ndarray
        a* and b*, float32 (rows, columns, 2), and 0 to 1, float32 (rows, columns), of cells.

    Returns
    -------
    ndarray
        float32 (H, W, 2), equal to ``automatic`` where no certain color reaches.
    """
    height, width = lightness.shape[0] // SPREAD_SCALE, lightness.shape[1] // SPREAD_SCALE
    small = np.ascontiguousarray(resize(lightness, (width, height)))
    side = height // colors.shape[0]
    spread, share = spread_certain_values(
        small, _repeated(colors, side), _repeated(certainty, side)
    )
    replaced = _enlarged(lightness, np.dstack([share, share]))
    replaced = np.clip(replaced[..., :1], 0, 1)
    replaced[resize(share, lightness.shape[::-1]) == 0] = 0
    colored = _enlarged(lightness, spread)
    blended: Float32 = automatic * (1 - replaced) + colored * replaced
    return blended


def _enlarged(lightness: Float32, values: Float32) -> Float32:
    """Return two values for each pixel, float32 (H, W, 2), that follow the picture's edges."""
    return chroma_field(lightness, values).chroma_of_block(0, 0, lightness)


def _repeated(cells: Float32, side: int) -> Float32:
    return np.repeat(np.repeat(cells, side, 0), side, 1)


def colorizer(artifacts: Artifacts, options: Any) -> Exemplar | EffnetBins:
    """Return the colorizer; ``options`` is :class:`.options.Options` or ``None``."""
    options = options or Options()
    path = options.reference
    if path is None:
        return automatic_colorizer(artifacts, options)
    reference = read_reference(path, colortk_colorizers()[0].working_size)
    return Exemplar(automatic_colorizer(artifacts, options), reference)
