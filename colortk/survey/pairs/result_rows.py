"""Parts of the result of a survey of pairs: versions, pairs, raters, and single choices."""

from __future__ import annotations

from dataclasses import dataclass

from colortk.survey.pairs.exclusion import ExcludedRater
from colortk.survey.pairs.power import NeededRaters


@dataclass(frozen=True)
class Strength:
    """A version's place among the others.

    Parameters
    ----------
    name : str
        "real" for the original, or the label of a plugin.
    choices, wins : int
        Choices between it and others, and those in which it was preferred.
    score : float
        Bradley-Terry log strength; the scores add up to 0.
    ci95 : list of float or None
        Its 95 % interval.
    elo : float
        The score as an Elo rating with a mean of 1500.
    elo_ci95 : list of float or None
        The interval on this scale.
    ranks : list of int or None
        The best and the worst rank that the pairwise tests (Holm, 5 %) leave.
    """

    name: str
    choices: int
    wins: int
    score: float
    ci95: list[float] | None
    elo: float
    elo_ci95: list[float] | None
    ranks: list[int] | None


@dataclass(frozen=True)
class PairResult:
    """Two versions against each other; ``first`` has the higher score.

    Parameters
    ----------
    first, second : str
        The versions.
    choices, wins : int
        Choices between these two, and those for ``first``.
    share, share_ci95
        ``wins`` over ``choices``, with Wilson's interval for independent answers.
    difference, ci95
        Difference of the scores, from all choices, with its 95 % interval.
    p, p_holm : float or None
        Two-sided p-value of the difference, and the same adjusted for all pairs (Holm 1979).
    needed : NeededRaters or None
        Raters who find a true difference of this size in 80 % of surveys.
    """

    first: str
    second: str
    choices: int
    wins: int
    share: float | None
    share_ci95: list[float] | None
    difference: float
    ci95: list[float] | None
    p: float | None
    p_holm: float | None
    needed: NeededRaters | None


@dataclass(frozen=True)
class PairRaters:
    """How many raters came, answered, finished and count, and who is excluded."""

    came: int
    answered: int
    finished: int
    counted: int
    excluded: list[ExcludedRater]
    rules: list[str]
    kept: bool


@dataclass(frozen=True)
class ChoiceRecord:
    """A choice as it is exported; the codebook explains the fields."""

    rater: int
    position: int
    kind: str
    picture: str
    sha256: str
    left: str
    right: str
    chosen: str
    side: str
    excluded: str
    views: int
    shown: float
    answered: float
    seconds: float
