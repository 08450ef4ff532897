"""Which raters are left out before anything is computed, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from colortk.survey.exclusion import minimum_answers
from colortk.survey.pairs.answers import Choice

#: Version of a check picture that people who look prefer.
BETTER = 0


@dataclass(frozen=True)
class ExcludedRater:
    """A rater who is left out: number from 1, choices, failed checks, and the reason."""

    rater: int
    choices: int
    failed_checks: int
    reason: str


def allowed_failures(checks: int) -> int:
    """Return how many of ``checks`` attention checks a rater may fail: one in four."""
    return checks // 4


def guesser_share(checks: int) -> float:
    """Return the share of raters who pass ``checks`` attention checks by guessing."""
    passing = sum(comb(checks, failed) for failed in range(allowed_failures(checks) + 1))
    return float(passing / 2**checks)


def exclusion_rules(checks: int, each: int) -> list[str]:
    """Return the rules in words."""
    rules = [
        f"A rater who has made at least {minimum_answers(each)} choices, all of them of the same"
        " side, is excluded."
    ]
    if checks:
        rules.insert(
            0,
            f"A rater who failed more than {allowed_failures(checks)} of {checks} attention checks"
            f" is excluded ({100 * guesser_share(checks):.0f} % of those who guess pass).",
        )
    return rules


def excluded_raters(choices: Sequence[Choice], checks: int, each: int) -> list[ExcludedRater]:
    """Return the raters to whom a rule applies, by number."""
    by_rater: dict[int, list[Choice]] = {}
    for choice in choices:
        by_rater.setdefault(choice.rater, []).append(choice)
    rows = []
    for rater, made in sorted(by_rater.items()):
        failed = sum(c.trial.check and c.winner != BETTER for c in made)
        reason = ""
        if failed > allowed_failures(checks):
            reason = "failed attention checks"
        elif len(made) >= minimum_answers(each) and len({c.chose_right for c in made}) == 1:
            reason = f"always chose the {'right' if made[0].chose_right else 'left'} side"
        if reason:
            rows.append(ExcludedRater(rater + 1, len(made), failed, reason))
    return rows
