"""Predictions by colorizers that follow the hints of a user themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

import numpy as np

from colortk.guidance.working_hints import WorkingHints, working_hints
from colortk.runtime.predictors import GuidedPredictor, Predictor
from colortk.types import Float32

if TYPE_CHECKING:
    from colortk.guidance.constraints import Constraints
    from colortk.guidance.guide import Guide


class ResolvableGuide(Protocol):
    """Colors that a user set, which may depend on the unguided prediction."""

    def resolved(self, lightness: Float32, predict: Callable[[], Float32]) -> Guide:
        """Return a guide with constraints; ``predict`` returns the unguided prediction."""
        ...


AnyGuide = TypeVar("AnyGuide", bound=ResolvableGuide)


def follows_hints(predictor: Predictor) -> bool:
    """Return whether a colorizer follows hints with the weights that it has loaded."""
    return bool(getattr(predictor, "follows_hints", False))


def hints_to_follow(
    predictor: Predictor, constraints: Constraints, small: Float32
) -> WorkingHints | None:
    """Return hints for a colorizer that follows them.

    Parameters
    ----------
    predictor : Predictor
        The colorizer.
    constraints : Constraints
        Pixels of the full-size picture whose chroma is set.
    small : float32 array of shape (h, w)
        CIE L* of the picture as the colorizer gets it.

    Returns
    -------
    WorkingHints or None
        ``None`` if it does not follow hints, or if no color is set. The host then spreads hints.
    """
    if not follows_hints(predictor):
        return None
    keeps = np.isnan(constraints.ab)
    automatic = predictor.predict(small) if keeps.any() and not keeps.all() else None
    return working_hints(constraints, (small.shape[0], small.shape[1]), automatic)


def predict_guided(predictor: Predictor, lightness: Float32, hints: WorkingHints) -> Float32:
    """Return the chroma of lightness, float32 (H, W, 2), from a colorizer that follows hints."""
    return cast(GuidedPredictor, predictor).predict_guided(lightness, hints)


def predict_with_guide(
    predictor: Predictor, small: Float32, lightness: Float32, guide: AnyGuide
) -> tuple[Float32, AnyGuide | Guide]:
    """Predict a picture whose colors are guided.

    Parameters
    ----------
    predictor : Predictor
        The colorizer.
    small : float32 array of shape (h, w)
        CIE L* at its working size.
    lightness : float32 array of shape (H, W)
        CIE L* of the picture.
    guide : Guide
        Colors that the user set.

    Returns
    -------
    ab : float32 array of shape (h, w, 2)
        The prediction. It follows hints if the colorizer does.
    guide : Guide
        What the host is still to apply.
    """
    if not follows_hints(predictor):
        return predictor.predict(small), guide
    concrete = guide.resolved(lightness, lambda: predictor.predict(small))
    hints = hints_to_follow(predictor, concrete.constraints, small)
    if hints is None:
        return predictor.predict(small), concrete
    return predict_guided(predictor, small, hints), concrete
