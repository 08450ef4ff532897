"""Agreement between raters: Krippendorff's alpha for nominal data.

References
----------
Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """How far raters agree who were asked the same question.

    Parameters
    ----------
    alpha : float or None
        Krippendorff's alpha: 1 for perfect agreement, 0 for that of chance; ``None`` if no question
        has two answers, or all answers are the same.
    same_share : float or None
        Share of pairs of answers to the same question that are the same.
    questions : int
        Questions with at least two answers.
    answers : int
        Answers to these questions.
    """

    alpha: float | None
    same_share: float | None
    questions: int
    answers: int


def agreement(questions: Iterable[Sequence[Hashable]]) -> Agreement:
    """Return the agreement of the answers (any number each) to some questions."""
    counts = [Counter(answers) for answers in questions if len(answers) > 1]
    total = sum(count.total() for count in counts)
    if not counts:
        return Agreement(None, None, 0, 0)
    pairs = sum(count.total() * (count.total() - 1) for count in counts)
    same = sum(n * (n - 1) for count in counts for n in count.values())
    # Each answer counts once, however many others its question has.
    observed = sum(
        (count.total() ** 2 - sum(n * n for n in count.values())) / (count.total() - 1)
        for count in counts
    )
    values: Counter[Hashable] = Counter()
    for count in counts:
        values.update(count)
    expected = (total**2 - sum(n * n for n in values.values())) / (total - 1)
    alpha = 1 - observed / expected if expected else None
    return Agreement(alpha, same / pairs, len(counts), total)
