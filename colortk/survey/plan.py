"""Who is shown which picture how: balanced, drawn by a seed, never one picture twice.

Shuffling goes by SHA-256, so that a seed means the same with every version of everything.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import TypeVar

#: The condition of a picture that is shown as it is; plugins are 1, 2, ….
REAL = 0

T = TypeVar("T")


def shuffled(items: Iterable[T], *salt: object) -> list[T]:
    """``items`` in an order that they (by their ``repr``) and ``salt`` determine."""

    def place(item: T) -> bytes:
        return hashlib.sha256(repr((*salt, item)).encode("utf-8", "surrogatepass")).digest()

    return sorted(items, key=place)


def plan(seed: int, number: int, pictures: int, plugins: int, each: int) -> list[tuple[int, int]]:
    """What the rater ``number`` (from 0) is shown: pairs of picture and condition, in order.

    ``pictures``, ``plugins``: how many there are. ``each``: pictures that one rater is shown, at
    most ``pictures``; each of them is shown once, in one condition.

    A Latin square: the conditions real, 1, real, 2, … go round over the pictures, and every
    pass over the pictures begins one further. So after 2 · ``plugins`` passes every picture has
    been shown once as colorized by each plugin, and as often as it is as in all of these together;
    a rater sees as many real pictures as colorized ones, to within two. Raters take ``each`` after
    ``each`` off these passes. Once they come out even, the pictures change their places, so that
    not always the same ones are real together.
    """
    cycle = [condition for plugin in range(1, plugins + 1) for condition in (REAL, plugin)]
    total = len(cycle) * pictures
    raters = math.lcm(each, total) // each
    block, within = divmod(number, raters)
    order = shuffled(range(pictures), seed, "block", block)
    shown = []
    for step in range(within * each, (within + 1) * each):
        turn, place = divmod(step, pictures)
        shown.append((order[place], cycle[(place + turn) % len(cycle)]))
    return shuffled(shown, seed, "rater", number)
