"""Augmented pictures have the right size and pixels; lightness and color change together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import shift
from skimage.color import rgb2lab

from colortk.training.data.augment import (
    AUGMENTATIONS,
    augment_all,
    crop_and_resize,
    scale_values,
    shift_horizontally,
    shift_vertically,
)
from conftest import photo

PICTURE = photo(50, 40)


def test_twelve_new_pictures_of_the_same_shape() -> None:
    new = list(augment_all(PICTURE, np.random.default_rng(0)))
    assert len(new) == 12
    assert all(p.shape == PICTURE.shape and p.dtype == np.uint8 for p in new)
    assert len({p.tobytes() for p in new}) == 12
    again = list(augment_all(PICTURE, np.random.default_rng(0)))
    assert all(np.array_equal(a, b) for a, b in zip(new, again, strict=True))


def test_augmentation_does_not_change_its_input() -> None:
    before = PICTURE.copy()
    for way in AUGMENTATIONS:
        way(PICTURE, np.random.default_rng(1))
    assert np.array_equal(PICTURE, before)


@pytest.mark.parametrize(("way", "axis"), [(shift_vertically, 0), (shift_horizontally, 1)])
def test_shifts_against_scipy(way, axis: int) -> None:  # type: ignore[no-untyped-def]
    found = set()
    for seed in range(40):
        moved = way(PICTURE, np.random.default_rng(seed))
        steps = [
            k
            for k in range(-15, 16)
            if np.array_equal(moved, shift(PICTURE, np.eye(3)[axis] * k, order=0, mode="nearest"))
        ]
        assert len(steps) == 1
        found.add(steps[0])
    limit = round(0.2 * PICTURE.shape[axis])
    assert -limit <= min(found) < 0 < max(found) <= limit


def test_a_crop_is_an_enlarged_part_of_the_picture() -> None:
    """An enlarged crop of a ramp is a ramp with a smaller slope."""
    ramp = np.repeat(np.linspace(0, 250, 60)[:, None, None], 60, 1).repeat(3, 2).astype(np.uint8)
    slopes = []
    for seed in range(30):
        column = crop_and_resize(ramp, np.random.default_rng(seed))[5:-5, 30, 0].astype(float)
        slopes.append(np.polyfit(np.arange(len(column)), column, 1)[0] / (250 / 59))
    assert 0.55 < min(slopes) < 0.7
    assert 0.9 < max(slopes) <= 1.02


def test_lightness_and_chroma_are_scaled_by_one_factor() -> None:
    factors = []
    for seed in range(30):
        dark = scale_values(PICTURE, np.random.default_rng(seed))
        factor = dark.sum() / PICTURE.sum()
        assert np.abs(dark - PICTURE * factor).max() < 1
        before, after = rgb2lab(PICTURE), rgb2lab(dark)
        assert after[..., 0].mean() < before[..., 0].mean()
        assert np.hypot(*after[..., 1:].T).mean() < np.hypot(*before[..., 1:].T).mean()
        factors.append(factor)
    assert 0.59 < min(factors) < 0.65
    assert 0.95 < max(factors) <= 1
