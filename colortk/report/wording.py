"""Numbers and names as reports print them."""

from __future__ import annotations

import math


def plural(count: int, word: str) -> str:
    """Return a count and a word, which gets an s unless the count is 1.

    Examples
    --------
    >>> plural(1, "film"), plural(1200, "picture")
    ('1 film', '1,200 pictures')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def of_total(count: int, total: int) -> str:
    """Return a count, with the total if it is another number.

    Examples
    --------
    >>> of_total(7, 7), of_total(5, 7)
    ('7', '5 of 7')
    """
    return str(count) if count == total else f"{count} of {total}"


def p_value(p: float | None) -> str:
    """Return a p-value with three decimals, "-" if there is none."""
    if p is None or math.isnan(p):
        return "-"
    return "< 0.001" if p < 1e-3 else f"{p:.3f}"
