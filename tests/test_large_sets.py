"""Statistics of many pictures: the same numbers, whatever is computed at a time and where."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from colortk.harness import intervals, large_sets
from colortk.harness.intervals import mean_intervals
from colortk.harness.statistics import column_differences, differences, summaries
from colortk.harness.verdicts import ScoredMetric, metric_verdicts, verdicts


@pytest.mark.parametrize("count", [900, 1200, intervals._LARGE + 1])
def test_resamples_are_drawn_with_replacement(count: int) -> None:
    parts = intervals._resamples(count, seed=7)
    found = next(parts)
    drawn = np.random.default_rng(7).integers(count, size=(len(found), count))
    for row, numbers in zip(found[:5], drawn, strict=False):
        assert row.tolist() == np.bincount(numbers, minlength=count).tolist()


def test_dask_yields_every_item_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask")
    monkeypatch.setattr(large_sets, "cores", lambda: 3)
    threads = set()

    def square(number: int) -> int:
        threads.add(threading.current_thread())
        return number * number

    def numbers() -> Iterator[int]:
        yield from range(11)

    for items in (numbers(), iter(range(11)), iter(list(range(11))), iter(tuple(range(11)))):
        threads.clear()
        found = list(large_sets.map_large(square, items, large_sets.LARGE))
        assert found == [number * number for number in range(11)]
        assert threading.main_thread() not in threads
    assert list(large_sets.map_large(square, iter(()), large_sets.LARGE)) == []
    threads.clear()
    assert list(large_sets.map_large(square, numbers(), 10)) == [n * n for n in range(11)]
    assert threads == {threading.main_thread()}, "small sets are computed at once"


def test_parts_and_threads_change_no_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    table = rng.gamma(2, 1, (60, 9)) + rng.normal(0, 0.1, 9)
    table[3, 4] = np.nan
    whole, mean = summaries(table, (0, np.inf)), mean_intervals(table[:, :4])
    monkeypatch.setattr(intervals, "_SCORES", 2 * len(table))
    monkeypatch.setattr(large_sets, "LARGE", 1)
    for found, expected in zip(summaries(table, (0, np.inf)), whole, strict=True):
        assert found is not None
        assert expected is not None
        assert found.ci95 == pytest.approx(expected.ci95, rel=1e-12)
        assert (found.mean, found.median, found.n) == (expected.mean, expected.median, expected.n)
    assert mean_intervals(table[:, :4]).p == pytest.approx(mean.p, rel=1e-12)


def test_all_metrics_at_once_give_the_verdicts_of_each() -> None:
    rng = np.random.default_rng(1)
    tables = [rng.normal(0, 1, (40, 4)) + rng.normal(0, 0.5, 4) for _ in range(3)]
    tables[1][5:9, 2] = np.nan
    metrics = [
        ScoredMetric(t, better) for t, better in zip(tables, (True, False, None), strict=True)
    ]
    for metric, together in zip(metrics, metric_verdicts(metrics, {0, 2}), strict=True):
        alone = verdicts(*metric[:2], {0, 2})
        assert (alone.order, alone.ranks, alone.letters) == (
            together.order, together.ranks, together.letters,
        )  # fmt: skip
        for one, other in zip(alone.pairs, together.pairs, strict=True):
            assert one.p == pytest.approx(other.p, rel=1e-9)
            assert one.difference.ci95 == pytest.approx(other.difference.ci95, rel=1e-9)
            assert one.difference.wins == other.difference.wins


def test_differences_of_columns_are_those_of_tables() -> None:
    rng = np.random.default_rng(2)
    scores = rng.normal(0, 1, (30, 3))
    scores[4, 2] = np.nan
    found = column_differences(scores, [(0, 1), (2, 0)], [True, False], (-5, 5))
    expected = differences(scores[:, [0, 2]], scores[:, [1, 0]], [True, False], (-5, 5))
    assert found == expected
    assert [d.n for d in found if d is not None] == [30, 29]
