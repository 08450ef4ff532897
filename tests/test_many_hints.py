"""Many and large hints: their pixels against a plain loop, and a cost that is bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from colortk.errors import UsageError
from colortk.guidance import guide, hint_discs, patches
from colortk.guidance.constraints import MAX_NOTES, constraints_of
from colortk.guidance.enlarge import SpreadField
from colortk.guidance.guide import Guide
from colortk.guidance.hint_discs import paint_discs
from colortk.guidance.hints import Hint
from colortk.types import Float32


def painted_by_a_loop(discs: list[hint_discs.Disc], shape: tuple[int, int]) -> Any:
    """Return the last disc that covers each pixel, -1 where there is none."""
    top = np.full(shape, -1)
    for number, (x, y, radius) in enumerate(discs):
        nearest = (min(round(y), shape[0] - 1), min(round(x), shape[1] - 1))
        for row in range(shape[0]):
            for column in range(shape[1]):
                inside = (row - y) ** 2 + (column - x) ** 2 <= radius**2
                if inside or (row, column) == nearest:
                    top[row, column] = number
    return top


def test_discs_cover_the_pixels_that_a_plain_loop_finds() -> None:
    rng = np.random.default_rng(4)
    shape = (13, 21)
    discs = [
        (float(rng.uniform(-0.5, 20.5)), float(rng.uniform(-0.5, 12.5)), float(radius))
        for radius in [0, 0.3, 0.7, 1, 2.5, 40, 3, 0, 5, 1.4, 0.5, 2]
    ]
    discs += [(6.0, 6.0, 5.0), (20.5, 12.5, 0.0)]  # whole numbers, and the last corner
    contradicting = lambda later, earlier: np.ones(len(earlier), bool)  # noqa: E731
    painted = paint_discs(discs, shape, contradicting, 1000)
    expected = painted_by_a_loop(discs, shape).ravel()
    np.testing.assert_array_equal(painted.pixels, np.flatnonzero(expected >= 0))
    np.testing.assert_array_equal(painted.numbers, expected[expected >= 0])
    assert painted.outside == []
    assert painted.is_complete
    everything = paint_discs([(20.5, -0.5, 1e300)], shape, contradicting, 1000)
    assert len(everything.pixels) == 13 * 21


def test_pairs_that_contradict_each_other_are_looked_up_to_a_limit() -> None:
    discs = [(5.0, 5.0, 2.0)] * 9
    every = lambda later, earlier: np.ones(len(earlier), bool)  # noqa: E731
    some = paint_discs(discs, (11, 11), every, 3)
    assert some.overlaps == [(1, 0), (2, 1), (3, 2)]
    assert not some.is_complete
    none = paint_discs(discs, (11, 11), lambda later, earlier: np.zeros(len(earlier), bool), 3)
    assert none.overlaps == []
    assert none.is_complete


def test_hints_over_the_limit_of_pixels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hint_discs, "MAX_PAINTED", 1000)
    light = np.full((20, 20), 50, np.float32)
    hints = [Hint(10, 10, (200, 40, 40), 1e6)] * 2
    assert len(constraints_of(hints, light)) == 400
    with pytest.raises(UsageError, match=r"too large.*3 discs have 1,200 pixels.*limit of 1,000"):
        constraints_of([*hints, hints[0]], light)


def test_the_cost_of_many_large_hints_is_bounded_by_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """2,000 hints of many colors: equations and evaluated pixels are counted."""
    unknowns, evaluated = [], []
    build = patches.Propagation.__init__

    def count_unknowns(self: Any, lightness: Float32) -> None:
        unknowns.append(lightness.size)
        build(self, lightness)

    monkeypatch.setattr(patches.Propagation, "__init__", count_unknowns)
    monkeypatch.setattr(patches, "MAX_PATCHES", 10)
    block = guide.chroma_field

    def counted(*arguments: Any, **options: Any) -> Any:
        field = block(*arguments, **options)
        chroma = type(field).chroma_of_block

        class Counting:
            def chroma_of_block(self, top: int, left: int, lightness: Float32) -> Float32:
                evaluated.append(lightness.size)
                return chroma(field, top, left, lightness)

        return Counting()

    monkeypatch.setattr(guide, "chroma_field", counted)
    rng = np.random.default_rng(6)
    light = rng.uniform(20, 80, (300, 330)).astype(np.float32)
    small = np.ascontiguousarray(light[::3, ::3])
    hints = [
        Hint(*(float(v) for v in rng.integers(0, 300, 2)), (int(red), 90, 120), 9)
        for red in rng.integers(0, 256, 2000)
    ]
    # Free pixels in a grid, so that there are borders of hints everywhere.
    constraints = constraints_of(hints, light)
    constraints = constraints.select((constraints.rows % 7 > 0) | (constraints.columns % 7 > 0))
    colors = Guide(constraints)
    chroma = colors.chroma(np.zeros((*small.shape, 2), np.float32), small, light)
    found = chroma.chroma_of_block(0, 0, light)[constraints.rows, constraints.columns]
    np.testing.assert_allclose(found, constraints.ab, atol=1e-4)
    window = (2 * patches.WINDOW + 1) ** 2
    assert sum(unknowns) <= 160 * 176 + 10 * window
    passes = 2  # at hints, and for the result
    assert sum(evaluated) <= passes * light.size
    assert len(evaluated) <= passes * (light.shape[0] // guide.BAND + 1)
    assert any("many small details" in note for note in colors.notes)
    single = [note for note in constraints.notes if note.startswith("hint ")]
    assert len(single) <= 2 * MAX_NOTES
    assert "more hints are ignored where later ones set another color" in constraints.notes


def test_spread_values_at_pixels_are_those_of_blocks() -> None:
    rng = np.random.default_rng(8)
    coarse, spread = rng.uniform(0, 100, (7, 9)), rng.normal(0, 20, (7, 9, 3))
    light = rng.uniform(0, 100, (40, 50)).astype(np.float32)
    field = SpreadField(spread.astype(np.float32), coarse.astype(np.float32), (40, 50))
    block = field.values_of_block(10, 5, np.ascontiguousarray(light[10:33, 5:45]))
    rows, columns = rng.integers(10, 33, 60), rng.integers(5, 45, 60)
    found = field.values_at(rows, columns, light[rows, columns])
    np.testing.assert_allclose(found, block[rows - 10, columns - 5], atol=1e-4)


def test_enclosed_hints_need_no_patch_and_separate_ones_do() -> None:
    light = np.full((60, 60), 50, np.float32)
    constraints = constraints_of([Hint(30, 30, (90, 120, 130), 100)], light)
    everywhere = np.full((len(constraints), 2), 30.0)
    made, left_out = patches.make_patches(everywhere, light, constraints)
    assert (made, left_out) == ([], 0)
    one = constraints_of([Hint(30, 30, (90, 120, 130))], light)
    (patch,), left_out = patches.make_patches(np.array([[30.0, 0]]), light, one)
    assert left_out == 0
    assert patch.ab[30 - patch.top, 30 - patch.left, 0] == pytest.approx(30)
