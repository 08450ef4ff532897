"""Which rater is shown which picture in which condition: balanced, drawn by a seed.

No rater sees a picture twice. Items are shuffled by SHA-256, so that a seed has the same result
with every version of Python and NumPy.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import TypeVar

#: The condition of an original; plugins are 1, 2, ….
REAL = 0

T = TypeVar("T")


def shuffled(items: Iterable[T], *salt: object) -> list[T]:
    """Return ``items`` in an order that depends on their ``repr`` and on ``salt``."""

    def sort_key(item: T) -> bytes:
        return hashlib.sha256(repr((*salt, item)).encode("utf-8", "surrogatepass")).digest()

    return sorted(items, key=sort_key)


def plan(seed: int, number: int, pictures: int, plugins: int, each: int) -> list[tuple[int, int]]:
    """Return the pairs of picture and condition that a rater is shown, in order.

    The plan is a Latin square: the conditions real, 1, real, 2, … go round over the pictures, and
    every pass over the pictures begins one further. After 2 · ``plugins`` passes every picture has
    been shown once as colorized by each plugin, and as often as the original as in all of these
    together. A rater sees as many real pictures as colorized ones, to within two. Rater i gets the
    i-th block of ``each`` entries of these passes. When the passes end with a complete block, the
    pictures are shuffled again, so that the same pictures are not always real together.

    Parameters
    ----------
    seed : int
        Selects the order.
    number : int
        Number of the rater, from 0.
    pictures, plugins : int
        How many there are.
    each : int
        Pictures that one rater is shown, at most ``pictures``.
    """
    cycle = [condition for plugin in range(1, plugins + 1) for condition in (REAL, plugin)]
    total = len(cycle) * pictures
    raters = math.lcm(each, total) // each
    block, within = divmod(number, raters)
    order = shuffled(range(pictures), seed, "block", block)
    questions = []
    for step in range(within * each, (within + 1) * each):
        turn, index = divmod(step, pictures)
        questions.append((order[index], cycle[(index + turn) % len(cycle)]))
    return shuffled(questions, seed, "rater", number)
