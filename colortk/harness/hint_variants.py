"""The rows of a comparison with hints: each plugin with several numbers of hints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from colortk.errors import UsageError
from colortk.harness.drawn_hints import ORDERS, Order
from colortk.harness.plugin_variants import HOST_OPTION, PluginVariant
from colortk.runtime.provenance import hint_scores_code

#: The protocol by which plugins are compared with hints.
PROTOCOL = "v2-hints"
#: The options that make hints a part of a result's key.
COUNT_OPTION, ORDER_OPTION = HOST_OPTION + "hints", HOST_OPTION + "hint order"
#: Largest number of hints for a picture, about one for every six pixels.
MAX_COUNT = 10_000


def parse_counts(text: str) -> tuple[int, ...]:
    """Return the numbers of hints that ``--hint-counts`` lists, in ascending order.

    Raises
    ------
    UsageError
        If one is not a whole number from 0 to 10,000, or fewer than two are given.
    """
    try:
        counts = sorted({int(part) for part in text.split(",")})
    except ValueError:
        counts = [-1]
    if len(counts) < 2 or counts[0] < 0 or counts[-1] > MAX_COUNT:
        raise UsageError(
            f"--hint-counts {text}",
            f"two or more whole numbers from 0 to {MAX_COUNT:,} are needed",
            "write them with commas: 0,1,10,100",
        )
    return tuple(counts)


def hint_variants(
    variants: Iterable[PluginVariant], counts: Sequence[int], order: Order
) -> list[PluginVariant]:
    """Return the rows of a comparison with hints, by plugin and then by number of hints.

    Parameters
    ----------
    variants : iterable of PluginVariant
        The plugins.
    counts : sequence of int
        Numbers of hints.
    order : {"uniform", "error"}
        How their points are chosen.

    Raises
    ------
    UsageError
        If there is no such order.
    """
    if order not in ORDERS:
        raise UsageError(f"hint order '{order}'", f"known: {', '.join(ORDERS)}")
    return [_row(variant, count, order) for variant in variants for count in counts]


def hints_of(variant: PluginVariant) -> tuple[int, Order]:
    """Return the number of hints of a row, and the order of their points."""
    options = variant.options
    return int(options.get(COUNT_OPTION, 0)), options.get(ORDER_OPTION, "uniform")


def _row(variant: PluginVariant, count: int, order: Order) -> PluginVariant:
    options = variant.options
    if count:
        options |= {COUNT_OPTION: count, ORDER_OPTION: order}
    key = replace(
        variant.key,
        options=json.dumps(options, sort_keys=True),
        code=variant.key.code + hint_scores_code(),
    )
    return replace(variant, label=f"{variant.label} +{count} hints", key=key)
