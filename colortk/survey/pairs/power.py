"""How many more raters a survey needs to tell two versions apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from colortk.survey.pairs.bradley_terry import Floats
from colortk.survey.pairs.two_way_bootstrap import Uncertainty

#: Level of the two-sided test, and the chance to find a difference that is as large as observed.
LEVEL, POWER = 0.05, 0.8
_FACTOR = (NormalDist().inv_cdf(1 - LEVEL / 2) + NormalDist().inv_cdf(POWER)) ** 2


@dataclass(frozen=True)
class NeededRaters:
    """Raters that are needed, in all and besides those who answered.

    Both are ``None`` if raters alone are not enough: differences between the pictures of the survey
    are then too large, and more pictures are needed.
    """

    total: int | None
    more: int | None


def needed_raters(uncertainty: Uncertainty, contrast: Floats, difference: float) -> NeededRaters:
    """Return how many raters find a true ``difference`` of two strengths in 80 % of surveys.

    The part of the variance that comes from raters and single answers falls with the number of
    raters. The part that comes from the choice of pictures stays.
    """
    raters, pictures, answers = (
        float(contrast @ matrix @ contrast)
        for matrix in (uncertainty.raters, uncertainty.pictures, uncertainty.answers)
    )
    lasting = max(0.0, pictures - answers)
    falling = max(raters, answers) * uncertainty.rater_count
    room = difference**2 / _FACTOR - lasting
    if room <= 0:
        return NeededRaters(None, None)
    total = max(2, math.ceil(falling / room))
    return NeededRaters(total, max(0, total - uncertainty.rater_count))
