"""Simulated raters of a survey of pairs whose true strengths are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colortk.survey.pairs.bradley_terry import Floats, strengths
from colortk.survey.pairs.plan import PairDesign, plan_pairs
from colortk.survey.pairs.two_way_bootstrap import Comparisons

#: Standard deviations of the log strengths among raters and among pictures.
SPREADS = {"none": (0.0, 0.0), "raters": (0.8, 0.0), "pictures": (0.0, 0.8), "both": (0.6, 0.6)}


@dataclass(frozen=True)
class Population:
    """Raters and pictures to draw from: log strengths and how much they differ."""

    values: Floats
    rater_spread: float
    picture_spread: float

    def truth(self) -> Floats:
        """Return the strengths of infinitely many answers, by the mean chance of each pair."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        # Two versions differ by two draws of each effect.
        spread = np.sqrt(2 * (self.rater_spread**2 + self.picture_spread**2))
        difference = self.values[:, None] - self.values[None, :]
        chance = 1 / (1 + np.exp(-(difference[..., None] + spread * nodes)))
        mean = chance @ weights / weights.sum()
        return strengths(mean, prior=0)

    def survey(self, design: PairDesign, raters: int, random: np.random.Generator) -> Comparisons:
        """Return the choices of some raters about the pictures of a survey."""
        count = len(self.values)
        taste = random.normal(0, self.rater_spread, (raters, count))
        suits = random.normal(0, self.picture_spread, (design.pictures, count))
        rows = []
        for rater in range(raters):
            for trial in plan_pairs(design, rater):
                strength = self.values + taste[rater] + suits[trial.picture]
                odds = np.exp(strength[trial.left] - strength[trial.right])
                left_wins = random.random() < odds / (1 + odds)
                pair = (trial.left, trial.right) if left_wins else (trial.right, trial.left)
                rows.append((rater, trial.picture, *pair))
        table = np.array(rows, np.intp)
        return Comparisons(table[:, 0], table[:, 1], table[:, 2], table[:, 3], count)
