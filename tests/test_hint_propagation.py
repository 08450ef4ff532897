"""Spreading of hints along edges: against a dense solution, and on pictures with known edges."""

from __future__ import annotations

import numpy as np
import pytest

from colortk.color.cielab import rgb_to_lab
from colortk.guidance import propagate
from colortk.guidance.constraints import constraints_of
from colortk.guidance.guide import Guide
from colortk.guidance.hints import Hint
from colortk.guidance.options import Region
from colortk.guidance.propagate import Propagation
from colortk.pipeline import join, refiner
from colortk.types import Array, Float32
from conftest import photo


def dense_solution(light: Float32, is_hint: Array, values: Array) -> Array:
    """Levin's quadratic system with the pull to the prediction, as a dense matrix."""
    height, width = light.shape
    count = light.size
    matrix = np.eye(count) * propagate.LEAK
    for row in range(height):
        for column in range(width):
            for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
                y, x = row + dy, column + dx
                if y < height and 0 <= x < width:
                    step = float(light[row, column]) - float(light[y, x])
                    weight = np.exp(-(step**2) / (2 * propagate.EDGE**2)) + propagate.FLOOR
                    i, j = row * width + column, y * width + x
                    matrix[[i, j], [i, j]] += weight
                    matrix[[i, j], [j, i]] -= weight
    known = np.flatnonzero(is_hint)
    free = np.setdiff1d(np.arange(count), known)
    out = np.zeros((count, values.shape[1]))
    out[known] = values
    coupling = matrix[np.ix_(free, known)]
    out[free] = np.linalg.solve(matrix[np.ix_(free, free)], -coupling @ values)
    return out.reshape(height, width, -1)


@pytest.mark.parametrize("most_responses", [64, 2])
def test_the_spread_difference_solves_the_quadratic_system(
    most_responses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(propagate, "MAX_RESPONSES", most_responses)
    rng = np.random.default_rng(3)
    light = np.cumsum(rng.normal(0, 1.5, (9, 11)), 1).astype(np.float32) + 50
    is_hint = np.zeros(light.shape, bool)
    is_hint[2, 3] = is_hint[6, 8] = is_hint[7, 1] = True
    values = np.array([[10.0, -5.0], [-20.0, 3.0], [1.0, 40.0]])
    spread = Propagation(light).spreader(is_hint).spread(values)
    solved = dense_solution(light, is_hint, values)
    reach = dense_solution(light, is_hint, np.ones((3, 1)))
    share = np.clip((reach - propagate.NONE) / (propagate.FULL - propagate.NONE), 0, 1)
    expected = solved / reach * (share**2 * (3 - 2 * share))
    np.testing.assert_allclose(spread[~is_hint], expected[~is_hint], atol=1e-4)
    np.testing.assert_allclose(spread[is_hint], values, atol=1e-6)


def test_kept_factors_do_not_change_what_later_hints_give() -> None:
    rng = np.random.default_rng(1)
    light = (50 + rng.normal(0, 4, (20, 30))).astype(np.float32)
    kept = propagate.propagation(light)
    assert propagate.propagation(light.copy()) is kept
    for count in (1, 3, 70, 40, 600, 0):
        is_hint = np.zeros(light.size, bool)
        is_hint[rng.permutation(light.size)[:count]] = True
        is_hint = is_hint.reshape(light.shape)
        values = rng.normal(0, 20, (count, 2))
        fresh = Propagation(light).spreader(is_hint).spread(values)
        np.testing.assert_allclose(kept.spreader(is_hint).spread(values), fresh, atol=1e-5)
    assert propagate.propagation(light + 1) is not kept


def colored(
    light: Float32, ab: Array, hints: list[Hint], side: int = 128, **options: object
) -> Array:
    """CIELAB of a picture that is colored with hints, from sRGB of 16 bits."""
    import cv2

    scale = side / min(light.shape)
    size = round(light.shape[1] * scale), round(light.shape[0] * scale)
    small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    chroma = np.broadcast_to(np.float32(ab), (*small.shape, 2)).astype(np.float32)
    guide = Guide(constraints_of(hints, light), **options)  # type: ignore[arg-type]
    rgb = join(light, chroma, refiner("ratio"), 1.0, np.uint16, small, guide)
    return rgb_to_lab(rgb)


def step_picture() -> Float32:
    """Two halves of L* 45 and 60 with a little noise."""
    light = np.full((300, 400), 45, np.float32)
    light[:, 200:] = 60
    noise = np.random.default_rng(0).normal(0, 0.3, light.shape)
    return (light + noise).astype(np.float32)


def test_one_click_colors_its_side_of_an_edge_and_not_the_other() -> None:
    light = step_picture()
    lab = colored(light, (5, 5), [Hint(100, 150, (60, 90, 170))])
    target = rgb_to_lab(np.array([[[60, 90, 170]]], np.uint8))[0, 0, 1:]
    near = np.linalg.norm(lab[130:170, 80:120, 1:] - target, axis=-1)
    assert near.max() < 3
    across = np.linalg.norm(lab[:, 204:, 1:] - (5, 5), axis=-1)
    assert across.max() < 2
    np.testing.assert_allclose(lab[..., 0], light, atol=0.05)


def test_far_away_the_prediction_stays() -> None:
    light = np.full((200, 1200), 50, np.float32)
    lab = colored(light, (5, 5), [Hint(20, 100, (60, 90, 170))])
    assert np.linalg.norm(lab[:, 1000:, 1:] - (5, 5), axis=-1).max() < 0.5


@pytest.mark.parametrize("radius", [0.0, 3.0])
def test_a_photo_is_exact_at_hints_and_keeps_its_lightness(radius: float) -> None:
    light = np.ascontiguousarray(rgb_to_lab(photo(240, 320, 5))[..., 0], np.float32)
    rng = np.random.default_rng(1)
    hints = [
        Hint(
            float(rng.integers(10, 310)),
            float(rng.integers(10, 230)),
            tuple(int(v) for v in rng.integers(60, 200, 3)),  # type: ignore[arg-type]
            radius,
        )
        for _ in range(20)
    ]
    constraints = constraints_of(hints, light)
    lab = colored(light, (10, 20), hints)
    at_hints = lab[constraints.rows, constraints.columns]
    assert np.linalg.norm(at_hints[:, 1:] - constraints.ab, axis=-1).max() < 0.3
    np.testing.assert_allclose(lab[..., 0], light, atol=0.05)


def test_keep_holds_the_prediction_and_neutral_takes_the_color_away() -> None:
    light = np.full((100, 100), 50, np.float32)
    hints = [Hint(20, 50, (200, 40, 40)), Hint(80, 50), Hint(50, 90, neutral=True)]
    lab = colored(light, (0, 20), hints, side=100)
    np.testing.assert_allclose(lab[50, 80, 1:], (0, 20), atol=0.1)
    np.testing.assert_allclose(lab[90, 50, 1:], (0, 0), atol=0.1)
    assert lab[50, 20, 1] > 40


def test_no_hints_change_nothing() -> None:
    light = step_picture()
    plain = join(light, np.ones((64, 86, 2), np.float32) * 9, refiner("ratio"))
    guide = Guide(constraints_of([], light))
    guided = join(light, np.ones((64, 86, 2), np.float32) * 9, refiner("ratio"), guide=guide)
    np.testing.assert_array_equal(plain, guided)


def test_a_region_scales_the_prediction_and_not_the_hints() -> None:
    light = np.full((200, 1200), 50, np.float32)
    regions = (Region(0, 0, 1100, 200, 0.5),)
    lab = colored(light, (10, 20), [Hint(20, 20, (200, 40, 40))], regions=regions)
    np.testing.assert_allclose(lab[190, 1050, 1:], (5, 10), atol=0.2)
    np.testing.assert_allclose(lab[190, 1190, 1:], (10, 20), atol=0.2)
    target = constraints_of([Hint(20, 20, (200, 40, 40))], light).ab[0]
    np.testing.assert_allclose(lab[20, 20, 1:], target, atol=0.1)


def test_notes_name_hints_that_are_not_used_as_given() -> None:
    light = np.full((50, 50), 95, np.float32)
    hints = [
        Hint(60, 10, (255, 0, 0)),
        Hint(10, 10, (250, 240, 240)),
        Hint(10, 10, (240, 240, 250)),
        Hint(30, 30, (255, 0, 0)),
    ]
    notes = constraints_of(hints, light).notes
    assert notes[0] == "hint 60,10,#ff0000 is ignored: it is outside the picture of 50 × 50"
    assert "hint 10,10,#faf0f0 is ignored where hint 10,10,#f0f0fa" in notes[1]
    assert "hint 30,30,#ff0000 is paler than given" in notes[2]
    assert len(notes) == 3


def test_a_color_out_of_gamut_keeps_its_hue() -> None:
    light = np.full((50, 50), 90, np.float32)
    constraints = constraints_of([Hint(25, 25, (0, 0, 255))], light)
    wanted = rgb_to_lab(np.array([[[0, 0, 255]]], np.uint8))[0, 0, 1:]
    angle = np.arctan2(*constraints.ab[0]) - np.arctan2(*wanted)
    assert abs(angle) < 1e-3
    assert np.linalg.norm(constraints.ab[0]) < np.linalg.norm(wanted) / 2


def test_around_a_hint_the_area_becomes_one_color_and_keep_holds_its_variation() -> None:
    """A wrong prediction that varies must not show through; ``keep`` is not flattened."""
    light = np.full((120, 240), 50, np.float32)
    rng = np.random.default_rng(2)
    chroma = rng.normal(0, 8, (120, 240, 2)).astype(np.float32)

    def spread_near(hint: Hint) -> float:
        guide = Guide(constraints_of([hint], light))
        rgb = join(light, chroma, refiner("ratio"), 1.0, np.uint16, light, guide)
        near = rgb_to_lab(rgb)[50:70, 50:70, 1:]
        return float(near.std(axis=(0, 1)).mean())

    before = float(chroma[50:70, 50:70].std(axis=(0, 1)).mean())
    assert spread_near(Hint(60, 60)) == pytest.approx(before, rel=0.1)
    assert spread_near(Hint(60, 60, (150, 110, 100))) < 0.45 * before
