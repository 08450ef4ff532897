"""How often the 95 % intervals of a survey contain the true share and the true difference.

Every simulated survey draws new raters and pictures from normal distributions on the probit scale,
where the true share over all raters and pictures has a closed form. The plan is that of `survey`.

    python benchmarks/survey_coverage.py --surveys 2000
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from colortk.survey.crossed_effects import AnswerGroup, difference_interval, share_interval
from colortk.survey.plan import plan

#: True shares: of the real pictures, and of the plugins.
SHARES = (0.8, 0.5, 0.1, 0.35)


@dataclass(frozen=True)
class Design:
    """A survey. ``spread``: of raters, of pictures, and of pictures by condition, on the probit scale
    on which the answer itself has a spread of 1."""

    raters: int
    pictures: int
    each: int
    plugins: int
    spread: tuple[float, float, float]


DESIGNS = [
    Design(raters, pictures, each, plugins, spread)
    for raters, pictures, each, plugins in (
        (10, 9, 9, 1), (10, 10, 10, 2), (6, 20, 20, 1), (12, 40, 40, 3), (20, 20, 20, 2),
        (30, 40, 40, 3), (100, 9, 9, 1), (60, 100, 30, 3),
    )
    for spread in ((0.0, 0.0, 0.0), (0.3, 0.3, 0.2), (0.6, 0.3, 0.2), (0.3, 0.8, 0.5))
]  # fmt: skip


def simulate(design: Design, rng: np.random.Generator) -> list[AnswerGroup]:
    """Simulate the answers of one survey, by condition."""
    seed = int(rng.integers(2**31))
    shown = [
        (rater, picture, condition)
        for rater in range(design.raters)
        for picture, condition in plan(seed, rater, design.pictures, design.plugins, design.each)
    ]
    raters, pictures, conditions = np.array(shown).T
    over_raters, over_pictures, over_both = design.spread
    total = np.sqrt(1 + sum(part**2 for part in design.spread))
    latent = ndtri(np.array(SHARES))[conditions] * total + rng.normal(size=len(raters))
    latent += rng.normal(0, over_raters, design.raters)[raters]
    latent += rng.normal(0, over_pictures, design.pictures)[pictures]
    latent += rng.normal(0, over_both, (design.pictures, len(SHARES)))[pictures, conditions]
    return [
        AnswerGroup(raters[which], pictures[which], (latent[which] > 0).astype(float))
        for which in (conditions == condition for condition in range(design.plugins + 1))
    ]


def coverage(design: Design, surveys: int, seed: int) -> tuple[list[float], list[float]]:
    """Return how often the intervals contain the true share of each condition and the difference of each plugin."""
    rng = np.random.default_rng(seed)
    shares = np.zeros(design.plugins + 1)
    differences = np.zeros(design.plugins)
    for _ in range(surveys):
        groups = simulate(design, rng)
        for condition, group in enumerate(groups):
            shares[condition] += _holds(share_interval(group), SHARES[condition])
            if condition:
                truth = SHARES[condition] - SHARES[0]
                interval = difference_interval(group, groups[0])
                differences[condition - 1] += _holds(interval, truth)
    return list(shares / surveys), list(differences / surveys)


def _holds(interval: tuple[float, float] | None, truth: float) -> bool:
    return interval is not None and interval[0] <= truth <= interval[1]


def main() -> None:
    """Print one line for each design."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--surveys", type=int, default=2000, help="Simulate so many of each design."
    )
    parser.add_argument("--seed", type=int, default=0, help="Seed of the random numbers.")
    arguments = parser.parse_args()
    print(f"true shares {SHARES}, nominal 0.95, {arguments.surveys} surveys each")
    print("raters pictures each plugins  spread (raters, pictures, both)  shares  differences")
    for design in DESIGNS:
        shares, differences = coverage(design, arguments.surveys, arguments.seed)
        print(
            f"{design.raters:6} {design.pictures:8} {design.each:4} {design.plugins:7}"
            f"  {design.spread!s:31}"
            f"  {' '.join(f'{value:.3f}' for value in shares)}"
            f"  {' '.join(f'{value:.3f}' for value in differences)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
