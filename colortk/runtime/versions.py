"""One version of several as a prediction of its own, so that it goes the way of every picture."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np

from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.predictors import SamplingPredictor
from colortk.types import Float32


@dataclass(frozen=True)
class Variant:
    """One of the versions of a picture that ``--variants`` writes.

    Attributes
    ----------
    number : int
        Which one, from 1.
    count, seed : int
        Number of versions, and the seed of their choice.
    """

    number: int
    count: int
    seed: int = 0


class VersionPredictor:
    """Predicts one version of a picture.

    Parameters
    ----------
    predictor : SamplingPredictor
        A loaded plugin that gives several versions.
    variant : Variant
        The version.

    Notes
    -----
    Versions of the last picture are kept, so that its other versions need no prediction.
    """

    def __init__(self, predictor: SamplingPredictor, variant: Variant) -> None:
        self._source = _source(cast(Hashable, predictor), variant.count, variant.seed)
        self._index = variant.number - 1

    @property
    def spec(self) -> ColorizerSpec:
        """Declaration of the plugin."""
        return self._source.predictor.spec

    def predict(self, lightness: Float32) -> Float32:
        """Return chroma, float32 (H, W, 2), of lightness, float32 (H, W)."""
        return self._source.versions(lightness)[self._index]


class _VersionSource:
    """Predicts all versions of a picture, and keeps those of the last one."""

    def __init__(self, predictor: SamplingPredictor, count: int, seed: int) -> None:
        self.predictor, self._count, self._seed = predictor, count, seed
        self._lightness: Float32 | None = None
        self._versions: list[Float32] = []

    def versions(self, lightness: Float32) -> list[Float32]:
        if self._lightness is None or not np.array_equal(lightness, self._lightness):
            self._lightness = None
            self._versions = list(
                self.predictor.predict_samples(lightness, self._count, self._seed)
            )
            self._lightness = lightness.copy()
        return self._versions


@lru_cache(maxsize=1)
def _source(predictor: Any, count: int, seed: int) -> _VersionSource:
    return _VersionSource(predictor, count, seed)
