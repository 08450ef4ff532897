"""Which plugins a table marks as the best and as the second best by a metric."""

from __future__ import annotations

from typing import Literal

from colortk.harness.verdicts import Verdicts

Mark = Literal["", "best", "second"]


def marks(verdicts: Verdicts) -> list[Mark]:
    """Mark the best plugins by a metric, and the second best.

    The plugin with the best mean, and every plugin that the pictures do not separate from it, are
    the best. Among the others, the second best are chosen by the same rule. A plugin that lacks
    pictures has no mark, and neither has any plugin by a metric without a better direction.

    Parameters
    ----------
    verdicts : Verdicts
        Verdicts of the metric on K plugins.

    Returns
    -------
    list of {"", "best", "second"}
        The marks of the K plugins, in the order of their indices.
    """
    separated = {frozenset((pair.first, pair.second)) for pair in verdicts.pairs if pair.separated}
    rest = [k for k in verdicts.order if verdicts.letters[k]]
    found: list[Mark] = [""] * len(verdicts.letters)
    if len(rest) < 2:
        return found
    steps: tuple[Mark, Mark] = ("best", "second")
    for mark in steps:
        tied = [k for k in rest if k == rest[0] or frozenset((k, rest[0])) not in separated]
        for k in tied:
            found[k] = mark
        rest = [k for k in rest if k not in tied]
    return found
