"""Refinement keeps lightness and hue for any prediction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.color import rgb2lab

from colortk.color.cielab import lab_to_linear_rgb, lab_to_rgb
from colortk.color.refine import none, ratio, slide

RNG = np.random.default_rng(0)


def finished(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Return CIELAB of the 8-bit picture, by scikit-image."""
    rgb = lab_to_rgb(np.dstack([lightness, ab]).astype(np.float32))
    return rgb2lab(np.rint(rgb * 255) / 255)


def wild(shape: tuple[int, int] = (300, 300), spread: float = 60) -> tuple[np.ndarray, np.ndarray]:
    lightness = RNG.uniform(0, 100, shape).astype(np.float32)
    return lightness, RNG.normal(0, spread, (*shape, 2)).astype(np.float32)


@pytest.mark.parametrize("spread", [5, 30, 60, 200])
def test_ratio_keeps_lightness_to_eight_bits(spread: float) -> None:
    lightness, ab = wild(spread=spread)
    error = np.abs(finished(lightness, ratio(lightness, ab))[..., 0] - lightness)
    assert error.mean() < 0.1
    assert np.percentile(error, 99.9) < 0.3


def test_ratio_keeps_hue_and_never_adds_chroma() -> None:
    lightness, ab = wild()
    refined = ratio(lightness, ab)
    cross = ab[..., 0] * refined[..., 1] - ab[..., 1] * refined[..., 0]
    np.testing.assert_allclose(cross / np.linalg.norm(ab, axis=-1), 0, atol=1e-3)
    assert (np.linalg.norm(refined, axis=-1) <= np.linalg.norm(ab, axis=-1) + 1e-3).all()
    result = finished(lightness, refined)[..., 1:]
    chroma = np.linalg.norm(refined, axis=-1)
    turned = np.abs(ab[..., 0] * result[..., 1] - ab[..., 1] * result[..., 0])
    off = (turned / np.linalg.norm(ab, axis=-1))[chroma > 5]
    assert np.percentile(off, 99) < 1, "distance from the predicted hue, in CIELAB units"


def test_ratio_leaves_what_is_in_gamut() -> None:
    lab = rgb2lab(RNG.uniform(0.05, 0.95, (200, 200, 3))).astype(np.float32)
    refined = ratio(lab[..., 0], lab[..., 1:])
    change = np.linalg.norm(refined - lab[..., 1:], axis=-1)
    assert np.percentile(change, 99) < 0.5


def test_ratio_reaches_the_gamut_and_not_just_gray() -> None:
    lightness, ab = wild(spread=200)
    refined = ratio(lightness, ab)
    more = np.dstack([lightness, refined * 1.1 + np.sign(refined)])
    outside = lab_to_linear_rgb(more)
    beyond = (outside < 0).any(-1) | (outside > 1).any(-1)
    wide = np.linalg.norm(ab, axis=-1) > 150
    assert beyond[wide].mean() > 0.99


@pytest.mark.parametrize("shape", [(40_000, 1), (1, 40_000), (33_000, 2)])
def test_ratio_of_long_arrays_is_that_of_their_parts(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    light = rng.uniform(0, 100, shape).astype(np.float32)
    ab = rng.normal(0, 60, (*shape, 2)).astype(np.float32)
    size = light.size // 100, 100
    parts = ratio(light.reshape(size), ab.reshape(*size, 2))
    assert (ratio(light, ab) == parts.reshape(ab.shape)).all()


def test_the_gamut_is_star_shaped_around_gray() -> None:
    """Bisection needs this property: reducing the chroma of a color in gamut keeps it in gamut."""
    lab = rgb2lab(RNG.random((100, 100, 3)))
    for share in (0.2, 0.5, 0.8):
        less = lab * [1, share, share]
        rgb = lab_to_linear_rgb(less)
        assert rgb.min() > -1e-3
        assert rgb.max() < 1 + 1e-3


def test_slide_equals_the_closed_form() -> None:
    lightness = np.array([[40.0]], np.float32)
    x, y = 3.0, 2.0
    refined = slide(lightness, np.array([[[x, y]]], np.float32))[0, 0]
    np.testing.assert_allclose(refined, [2 * 40 / (1 + y / x), 2 * 40 / (1 + x / y)], rtol=1e-5)
    np.testing.assert_allclose(refined[0] / refined[1], x / y, rtol=1e-5)


@pytest.mark.parametrize("ab", [(0, 0), (0, 5), (5, 0), (5, -5), (1e-3, -1e-3 + 1e-7)])
def test_slide_is_finite_at_singularities_of_the_closed_form(ab: tuple[float, float]) -> None:
    refined = slide(np.full((1, 1), 50, np.float32), np.array([[ab]], np.float32))
    assert np.isfinite(refined).all()
    assert np.abs(refined).max() <= 2 * 50 + 1e-3


def test_refinement_none_changes_nothing() -> None:
    lightness, ab = wild()
    assert np.array_equal(none(lightness, ab), ab)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    arrays(np.float32, (4, 5), elements=st.floats(0, 100, width=32)),
    arrays(np.float32, (4, 5, 2), elements=st.floats(-1e6, 1e6, width=32)),
)
def test_ratio_of_anything_finite_is_in_gamut(lightness: np.ndarray, ab: np.ndarray) -> None:
    refined = ratio(lightness, ab)
    assert np.isfinite(refined).all()
    rgb = lab_to_linear_rgb(np.dstack([lightness, refined]).astype(np.float64))
    assert rgb.min() > -0.02
    assert rgb.max() < 1.02
