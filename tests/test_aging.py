"""Lightness as old photographs have it."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from colortk.training.data import aging
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


def test_it_follows_from_the_generator() -> None:
    picture = photo()
    for seed in range(5):
        one, two = (aging.aged_lightness(picture, np.random.default_rng(seed)) for _ in range(2))
        assert (one == two).all()


@pytest.mark.parametrize("change", aging.CHANGES, ids=lambda change: change.__name__)
def test_every_change_changes_and_keeps_shape(change: object) -> None:
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
    grey = np.full((4, 4, 3), 120, np.uint8)
    assert aging.change_emulsion(grey, rng).mean() == pytest.approx(rgb2lab(grey)[0, 0, 0], abs=0.5)


def test_grain_is_mostly_in_the_middle_greys() -> None:
    rng = np.random.default_rng(0)
    spread = {}
    for level in (2.0, 50.0, 98.0):
        plane = np.full((64, 64), level, np.float32)
        spread[level] = np.mean([aging.add_grain(plane, rng).std() for _ in range(20)])
    assert spread[50.0] > 1.3 * max(spread[2.0], spread[98.0])
