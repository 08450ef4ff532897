"""Simulated aging: lightness changes as in old photographs."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from colortk.training.data import aging, mount, wear
from conftest import photo


def test_some_pictures_stay_as_they_are() -> None:
    picture = photo(40, 50)
    clean = rgb2lab(picture)[..., 0]
    rng = np.random.default_rng(0)
    found = [aging.aged_lightness(picture, rng) for _ in range(200)]
    assert all(one.dtype == np.float32 and one.shape == (40, 50) for one in found)
    assert all(one.min() >= 0 and one.max() <= 100 for one in found)
    same = sum(np.abs(one - clean).max() < 0.02 for one in found)
    assert 0.3 < same / 200 < 0.5
    different = np.array([np.abs(one - clean).mean() for one in found])
    assert np.median(different[different > 0.02]) > 2


def test_aging_depends_only_on_the_generator() -> None:
    picture = photo()
    for seed in range(5):
        one, two = (aging.aged_lightness(picture, np.random.default_rng(seed)) for _ in range(2))
        assert (one == two).all()


@pytest.mark.parametrize("change", [change for change, _ in aging.CHANGES])
def test_every_aging_step_changes_pixels_and_keeps_the_shape(change: object) -> None:
    plane = rgb2lab(photo(64, 64))[..., 0].astype(np.float32)
    before = plane.copy()
    found = change(plane, np.random.default_rng(1))  # type: ignore[operator]
    assert found.shape == plane.shape
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert (plane == before).all(), "its argument is left alone"
    assert 0.2 < np.abs(found - plane).mean() < 40


def test_old_plates_are_blind_to_red() -> None:
    red, blue = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    red[..., 0], blue[..., 2] = 200, 200
    rng = np.random.default_rng(0)
    differences = []
    for _ in range(100):
        seed = int(rng.integers(1 << 30))
        of_red, of_blue = (
            aging.change_emulsion(one, np.random.default_rng(seed)).mean() for one in (red, blue)
        )
        differences.append(of_blue - of_red)
    modern = rgb2lab(blue)[0, 0, 0] - rgb2lab(red)[0, 0, 0]
    assert np.mean(differences) > modern + 10
    gray = np.full((4, 4, 3), 120, np.uint8)
    assert aging.change_emulsion(gray, rng).mean() == pytest.approx(rgb2lab(gray)[0, 0, 0], abs=0.5)


def test_grain_is_mostly_in_the_middle_grays() -> None:
    rng = np.random.default_rng(0)
    spread = {}
    for level in (2.0, 50.0, 98.0):
        plane = np.full((64, 64), level, np.float32)
        spread[level] = np.mean([aging.add_grain(plane, rng).std() for _ in range(20)])
    assert spread[50.0] > 1.3 * max(spread[2.0], spread[98.0])


def test_halation_spreads_light_and_leaves_flat_pictures_alone() -> None:
    window = np.full((60, 60), 20, np.float32)
    window[20:40, 20:40] = 100
    every = [wear.add_halation(window, np.random.default_rng(seed)) for seed in range(20)]
    assert all((found >= window - 1e-3).all() for found in every)
    beside, far = (np.mean([found[30, column] - 20 for found in every]) for column in (41, 55))
    assert beside > 3 > 1 > far >= 0
    flat = np.full((40, 40), 90, np.float32)
    assert np.abs(wear.add_halation(flat, np.random.default_rng(1)) - flat).max() < 1e-3


def test_a_tone_curve_rises_from_black_to_white() -> None:
    ramp = np.linspace(0, 100, 101, dtype=np.float32)[None]
    curves = [wear.change_tone_curve(ramp, np.random.default_rng(seed))[0] for seed in range(30)]
    assert all((np.diff(curve) >= 0).all() for curve in curves)
    assert all(curve[0] < 4 and curve[-1] > 96 for curve in curves)
    slopes = [curve[60] - curve[40] for curve in curves]
    assert min(slopes) < 18
    assert max(slopes) > 25


def test_stains_are_soft_and_scratches_thin() -> None:
    plane = np.full((80, 100), 50, np.float32)
    for seed in range(20):
        stained = wear.add_stains(plane, np.random.default_rng(seed))
        assert 0.2 < np.abs(stained - 50).max() < 40
        assert np.abs(np.diff(stained, axis=1)).max() < 4
        scratched = wear.add_scratches(plane, np.random.default_rng(seed))
        changed = np.abs(scratched - 50) > 1
        assert 0 < changed.mean() < 0.25
        assert 0 <= scratched.min() <= scratched.max() <= 100


def test_a_halftone_keeps_the_mean_and_has_a_screen() -> None:
    plane = np.full((96, 96), 50, np.float32)
    found = wear.add_halftone(plane, np.random.default_rng(2))
    assert found.mean() == pytest.approx(50, abs=0.5)
    spectrum = np.abs(np.fft.rfft2(found - found.mean()))
    assert spectrum.max() > 20 * np.median(spectrum), "a few frequencies hold it"
    white = np.full((96, 96), 100, np.float32)
    assert np.abs(wear.add_halftone(white, np.random.default_rng(2)) - white).max() < 1e-3


def test_some_pictures_get_a_neutral_border() -> None:
    picture = photo(60, 80)
    found = [mount.add_mount(picture, np.random.default_rng(seed)) for seed in range(1000)]
    bordered = [one for one in found if one is not picture]
    assert 0.05 < len(bordered) / 1000 < 0.11
    shares = []
    for one in bordered:
        assert one.shape == picture.shape
        assert one.dtype == np.uint8
        changed = (one != picture).any(-1)
        assert (np.ptp(one[changed].astype(int), axis=-1) == 0).all(), "the border is gray"
        assert not changed[15:45, 20:60].any(), "the middle stays"
        shares.append(changed.mean())
    assert 0.1 < np.mean(shares) < 0.4
    corners = np.array([one[0, 0, 0] for one in bordered])
    assert (corners > 190).any()
    assert (corners < 45).any()
