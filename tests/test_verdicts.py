"""Ranks and letters state only differences that the pictures support."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from colortk.harness.verdicts import compact_letters, verdicts
from simulations import NULLS, PROPERTIES, false_families, false_verdicts, violations

NOTHING = dict.fromkeys(PROPERTIES, 0)


def test_letters_of_every_relation_of_four() -> None:
    """Check all 64 combinations of which of the six pairs of four plugins differ."""
    pairs = list(combinations(range(4), 2))
    for number in range(1 << len(pairs)):
        apart = np.zeros((4, 4), bool)
        for k, (a, b) in enumerate(pairs):
            apart[a, b] = apart[b, a] = number >> k & 1
        letters = compact_letters([0, 1, 2, 3], apart)
        assert all(letters)
        for a, b in pairs:
            assert bool(set(letters[a]) & set(letters[b])) != apart[a, b]


def test_letters_of_the_textbook() -> None:
    """Check the example of Piepho (2004): groups a, ab, b, and one that differs from all."""
    apart = np.zeros((4, 4), bool)
    for a, b in ((0, 2), (0, 3), (1, 3), (2, 3)):
        apart[a, b] = apart[b, a] = True
    assert compact_letters([0, 1, 2, 3], apart) == ["a", "ab", "b", "c"]
    assert compact_letters([3, 0, 1, 2], apart) == ["b", "bc", "c", "a"]
    assert compact_letters([0, 2], apart) == ["a", "", "b", ""]


def test_letters_of_many_plugins_are_computed_quickly() -> None:
    """Thirty pairs differ only within each pair: 2^30 groups exist, but few are needed."""
    apart = np.zeros((60, 60), bool)
    for k in range(0, 60, 2):
        apart[k, k + 1] = apart[k + 1, k] = True
    letters = compact_letters(list(range(60)), apart)
    assert not set(letters[0]) & set(letters[1])
    assert set(letters[0]) & set(letters[3])


def test_properties_over_simulated_tables_in_short() -> None:
    assert violations(25, seed=1) == NOTHING


@pytest.mark.slow
def test_properties_over_thousands_of_simulated_tables() -> None:
    assert violations(2000) == NOTHING


@pytest.mark.slow
@pytest.mark.parametrize("name", NULLS)
def test_equal_plugins_differ_as_rarely_as_stated(name: str) -> None:
    for count in (10, 30):
        assert false_verdicts(name, count, 2000) < 0.05 + 0.01  # two standard errors more


@pytest.mark.slow
def test_a_family_has_its_own_error_rate() -> None:
    assert false_families(5, 30, 1000) < 0.05 + 0.014


def test_indistinguishable_plugins_share_a_letter() -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(20, 5, 100)
    twin = base + rng.normal(0, 1, 100)
    worse = base - 3 + rng.normal(0, 1, 100)
    nothing = np.full(100, np.nan)
    table = np.stack([worse, base, twin, nothing], 1)
    for found in (verdicts(table, True), verdicts(-table, False)):
        assert found.ranks == [3, None, None, None]
        assert found.letters == ["b", "a", "a", ""]
        assert found.order[2:] == [0, 3]
        assert (found.counts, found.pictures, found.comparisons) == ([100, 100, 100, 0], 100, 3)
    assert verdicts(table, False).ranks == [1, None, None, None]
    # Three pictures prove little, even if the difference is large.
    assert verdicts(table[:3, 1:3], True).ranks == [None, None]
    assert verdicts(table, None).letters == ["", "", "", ""]
    assert verdicts(table[:, :1], True).ranks == [None], "nobody is compared with it"


def test_a_plugin_that_lacks_pictures_has_no_rank_and_no_letter() -> None:
    rng = np.random.default_rng(7)
    base = rng.normal(20, 5, 100)
    lucky = np.where(np.arange(100) < 99, base + 9, np.nan)
    found = verdicts(np.stack([base, lucky, base - 9 + rng.normal(0, 1, 100)], 1), True)
    assert found.ranks == [1, None, 2]
    assert found.letters == ["a", "", "b"]
    assert found.order == [0, 2, 1], "behind those that have all pictures"
    assert found.counts == [100, 99, 100]
    pair = found.pairs[0]
    assert (pair.difference.mean, pair.difference.n) == (pytest.approx(-9), 99)
    # A picture without any score does not count against any plugin.
    gap = np.full((1, 3), np.nan)
    assert verdicts(np.vstack([np.stack([base, base - 9, base], 1), gap]), True).ranks[1] == 3


def test_holm_corrects_the_pairs_of_a_family_alone() -> None:
    rng = np.random.default_rng(8)
    base = rng.normal(0, 1, 40)
    table = np.stack([base, *(base + 0.36 + rng.normal(0, 1, 40) for _ in range(4))], 1)
    alone, family = verdicts(table, True), verdicts(table, True, {0, 1, 2})
    for one, other in zip(alone.pairs, family.pairs, strict=True):
        assert one.difference == other.difference
        if {one.first, one.second} <= {0, 1, 2}:
            assert other.p is not None
            assert one.p is not None
            assert other.p >= one.p
            assert other.separated == (other.p <= 0.05)
        else:
            assert (one.p, one.separated) == (other.p, other.separated)
    assert any(
        a.separated and not b.separated for a, b in zip(alone.pairs, family.pairs, strict=True)
    )
