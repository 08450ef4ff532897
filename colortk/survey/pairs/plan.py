"""Which two versions of which picture a rater compares: balanced and drawn by a seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from colortk.survey.plan import shuffled


@dataclass(frozen=True)
class Trial:
    """One comparison.

    Parameters
    ----------
    picture : int
        Index of the picture; of the check picture if ``check``.
    left, right : int
        The condition on each side; of a check, its version.
    check : bool
        An attention check, whose better side is known.
    """

    picture: int
    left: int
    right: int
    check: bool = False


@dataclass(frozen=True)
class PairDesign:
    """The numbers on which a plan depends.

    Parameters
    ----------
    seed : int
        Selects the order.
    pictures : int
        Number of pictures.
    conditions : tuple of int
        Conditions that are compared.
    each : int
        Pictures that one rater compares, at most ``pictures``.
    check_versions : int
        Versions of a check picture; version 0 is the original. 0 without checks.
    checks : int
        Check pictures; every rater is shown all of them.
    """

    seed: int
    pictures: int
    conditions: tuple[int, ...]
    each: int
    check_versions: int = 0
    checks: int = 0


def round_robin(conditions: Sequence[int]) -> list[tuple[int, int]]:
    """Return all pairs in rounds, in each of which a condition occurs at most once.

    Any part of the list has nearly the same number of each condition (circle method).
    """
    players: list[int | None] = list(conditions)
    if len(players) % 2:
        players.append(None)
    half = len(players) // 2
    pairs = []
    for _ in range(len(players) - 1):
        for first, second in zip(players[:half], reversed(players[half:]), strict=True):
            if first is not None and second is not None:
                pairs.append((min(first, second), max(first, second)))
        players.insert(1, players.pop())
    return pairs


def plan_pairs(design: PairDesign, number: int) -> list[Trial]:
    """Return the comparisons of rater ``number`` (from 0), in order.

    The pairs of conditions go round over the pictures, and every pass over the pictures begins one
    pair later: after as many passes as there are pairs, every picture has been shown once in every
    pair. A rater gets the next ``each`` entries of these passes, and so never sees a picture twice.
    Half of a rater's comparisons, drawn at random, have their sides exchanged. Attention checks are
    spread over the comparisons.
    """
    pairs = round_robin(design.conditions)
    raters = math.lcm(design.each, len(pairs) * design.pictures) // design.each
    block, within = divmod(number, raters)
    order = shuffled(range(design.pictures), design.seed, "block", block)
    trials = []
    for step in range(within * design.each, (within + 1) * design.each):
        turn, index = divmod(step, design.pictures)
        trials.append(Trial(order[index], *pairs[(index + turn) % len(pairs)]))
    checks = [
        Trial(index, 0, 1 + (number + index) % (design.check_versions - 1), True)
        for index in range(design.checks)
    ]
    trials = _with_sides(shuffled(trials, design.seed, "rater", number), design.seed, number)
    checks = _with_sides(shuffled(checks, design.seed, "checks", number), design.seed, -1 - number)
    for index, check in enumerate(checks):
        # A part of the list for each check, and a random position within the part.
        low = index * design.each // design.checks
        high = max(low + 1, (index + 1) * design.each // design.checks)
        position = shuffled(range(low, high), design.seed, "place", number, index)[0]
        trials.insert(position + index, check)
    return trials


def _with_sides(trials: list[Trial], seed: int, salt: int) -> list[Trial]:
    """Exchange the sides of half of the trials; of an odd number, of one more half of the time."""
    half, odd = divmod(len(trials), 2)
    extra = odd * shuffled(range(2), seed, "odd", salt)[0]
    exchanged = set(shuffled(range(len(trials)), seed, "sides", salt)[: half + extra])
    return [
        Trial(t.picture, t.right, t.left, t.check) if index in exchanged else t
        for index, t in enumerate(trials)
    ]
