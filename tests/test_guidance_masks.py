"""Masks, regions and borders: where a picture gets colors."""

from __future__ import annotations

import numpy as np
import pytest

from colortk.color.cielab import gray_rgb, lightness, rgb_to_lab
from colortk.errors import UsageError
from colortk.guidance.border import border_mask
from colortk.guidance.guide import Guide
from colortk.guidance.hints import Hint
from colortk.guidance.masks import mask_factor, region_factor
from colortk.guidance.options import Region
from colortk.guidance.prepare import make_guide
from colortk.io.picture import Picture
from colortk.pipeline import join, refiner
from colortk.types import Array
from conftest import photo


def chroma(rgb: Array) -> Array:
    return np.hypot(*np.moveaxis(rgb_to_lab(rgb)[..., 1:], -1, 0))


def test_a_mask_colors_where_it_is_white() -> None:
    gray = gray_rgb(lightness(photo(90, 120, 3)))
    light = lightness(gray)
    mask = np.zeros((90, 120), np.uint8)
    mask[:, 60:] = 255
    guide = make_guide(gray, light, mask=Picture(mask))
    rgb = join(light, np.full((45, 60, 2), 20, np.float32), refiner("ratio"), guide=guide)
    np.testing.assert_array_equal(rgb[:, :60], gray_rgb(light)[:, :60])
    assert chroma(rgb[:, 60:]).mean() > 10


def test_masks_of_other_kinds() -> None:
    white = np.full((20, 30), 65535, np.uint16)
    assert (mask_factor(Picture(white), (20, 30)) == 1).all()
    color = np.zeros((20, 30, 3), np.uint8)
    color[:, :15] = 255
    half = mask_factor(Picture(color), (40, 60))
    assert half.shape == (40, 60)
    assert (half[:, :28].min(), half[:, 32:].max()) == (1, 0)
    alpha = np.zeros((20, 30), np.uint8)
    assert (mask_factor(Picture(white, alpha=alpha), (20, 30)) == 0).all()
    with pytest.raises(UsageError, match="30 × 20 pixels, the picture has 40 × 20"):
        mask_factor(Picture(white), (20, 40))


def test_hints_outside_the_mask_are_noted() -> None:
    gray = gray_rgb(lightness(photo(90, 120, 3)))
    mask = np.zeros((90, 120), np.uint8)
    guide = make_guide(gray, lightness(gray), [Hint(5, 5, (255, 0, 0))], mask=Picture(mask))
    assert len(guide.constraints) == 0
    assert "1 of 1 pixels of hints are ignored" in guide.notes[-1]


def test_regions_cover_shares_of_cells() -> None:
    factor, notes = region_factor([Region(25, 0, 50, 100, 0.0)], (4, 4), (100, 100))
    assert factor is not None
    np.testing.assert_allclose(factor[0], [1, 0, 0, 1])
    factor, _ = region_factor([Region(0, 0, 0.125, 1, 2, fractions=True)], (4, 4), (10, 10))
    assert factor is not None
    np.testing.assert_allclose(factor[0], [1.5, 1, 1, 1])
    assert notes == []
    _, notes = region_factor([Region(200, 0, 50, 100, 0.0)], (4, 4), (100, 100))
    assert notes == ["the region at 200,0 is outside the picture"]
    assert region_factor([], (4, 4), (9, 9)) == (None, [])


def mounted(level: float) -> Array:
    """A photo on a mount of one lightness, with soft texture."""
    light = lightness(photo(240, 320, 7)) * np.float32(0.5) + 25
    rng = np.random.default_rng(0)
    out = (level + rng.normal(0, 1, (300, 400))).astype(np.float32)
    out[30:270, 40:360] = light
    return out


@pytest.mark.parametrize("level", [5.0, 92.0])
def test_a_mount_is_found_and_a_picture_without_one_is_left_alone(level: float) -> None:
    mask = border_mask(mounted(level))
    inside = np.zeros(mask.shape, bool)
    inside[30:270, 40:360] = True
    assert (mask == ~inside).mean() > 0.98
    assert not border_mask(lightness(photo(240, 320, 7)) * np.float32(0.5) + 25).any()


def test_a_part_of_a_guide_is_that_of_the_whole() -> None:
    gray = gray_rgb(lightness(photo(90, 120, 3)))
    light = lightness(gray)
    mask = np.random.default_rng(0).integers(1, 255, (90, 120), dtype=np.uint8)
    hints = [Hint(50, 40, (200, 60, 50)), Hint(5, 5, (0, 0, 255))]
    guide = make_guide(gray, light, hints, mask=Picture(mask))
    guide = Guide(guide.constraints, guide.factor, (Region(0, 0, 0.5, 1, 0.5, fractions=True),))
    part = guide.part(20, 30, (60, 80))
    assert part.constraints.rows.tolist() == [20]
    assert part.constraints.columns.tolist() == [20]
    assert guide.factor is not None
    assert part.factor is not None
    np.testing.assert_array_equal(part.factor, guide.factor[20:80, 30:110])
    whole, _ = region_factor(guide.regions, (90, 120), (90, 120))
    cut, _ = region_factor(part.regions, (60, 80), (60, 80))
    assert whole is not None
    assert cut is not None
    np.testing.assert_allclose(cut, whole[20:80, 30:110], atol=1e-6)
