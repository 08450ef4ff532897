"""The plan of a survey: balanced over raters, and no rater sees a picture twice."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colortk.survey.plan import REAL, plan, shuffled


@given(
    seed=st.integers(0, 2**40),
    pictures=st.integers(1, 45),
    plugins=st.integers(1, 5),
    share=st.floats(0.01, 1),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_every_rater_sees_each_picture_once_and_both_kinds_equally(
    seed: int, pictures: int, plugins: int, share: float
) -> None:
    each = max(1, int(share * pictures))
    for number in range(50):
        shown = plan(seed, number, pictures, plugins, each)
        assert len(shown) == each
        assert len({picture for picture, _ in shown}) == each
        assert all(0 <= p < pictures and 0 <= c <= plugins for p, c in shown)
        real = sum(condition == REAL for _, condition in shown)
        assert abs(real - (each - real)) <= (1 if each == pictures else 2)
        by_plugin = Counter(condition for _, condition in shown if condition != REAL)
        counts = [by_plugin[k] for k in range(1, plugins + 1)]
        assert max(counts) - min(counts) <= (1 if each == pictures else 2)


@pytest.mark.parametrize(
    "pictures, plugins, each, raters",
    [(9, 1, 9, 50), (12, 2, 12, 48), (7, 5, 7, 50), (20, 2, 5, 48), (10, 5, 4, 50)],
)
def test_after_a_round_every_picture_was_shown_in_every_condition_equally_often(
    pictures: int, plugins: int, each: int, raters: int
) -> None:
    seen = Counter(pair for n in range(raters) for pair in plan(1, n, pictures, plugins, each))
    assert sum(seen.values()) == raters * each
    for picture in range(pictures):
        times = {seen[picture, condition] for condition in range(1, plugins + 1)}
        assert len(times) == 1
        assert seen[picture, REAL] == plugins * times.pop()


def test_between_rounds_no_picture_is_ahead_by_more_than_the_raters_under_way() -> None:
    seen: Counter[tuple[int, int]] = Counter()
    for number in range(50):
        seen.update(plan(5, number, 40, 3, 17))
        shown = [sum(seen[p, c] for c in range(4)) for p in range(40)]
        assert max(shown) - min(shown) <= 1


def test_real_pictures_are_not_always_real_together() -> None:
    first, later = ({p for p, c in plan(0, n, 20, 1, 20) if c == REAL} for n in (0, 2))
    assert first != later


def test_the_plan_of_a_seed_never_changes() -> None:
    assert plan(0, 0, 4, 1, 4) == [(2, 1), (1, 0), (0, 1), (3, 0)]
    assert shuffled("abcdef", 7) == shuffled("fedcba", 7)
    assert plan(0, 0, 30, 2, 30) != plan(1, 0, 30, 2, 30)
