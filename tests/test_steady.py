"""Smoothing of color over time and flicker: less flicker, no ghosts after a cut, exact lightness."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from colortk.color.cielab import rgb_to_lab
from colortk.errors import PictureError
from colortk.harness.flicker import flicker
from colortk.pipeline import refiner
from colortk.video import optical_flow
from colortk.video.colorize_frame import FrameSettings, color_planes
from colortk.video.luma_tables import BT601, BT709, BT2020, gray_lightness, gray_luma, luma_of
from colortk.video.optical_flow import OpticalFlow, visible_in_both, warp
from colortk.video.smoothing import Smoother

RNG = np.random.default_rng(0)


def moving(count: int, seed: int = 0, height: int = 72, width: int = 96) -> list[np.ndarray]:
    """Return gray frames of a texture that moves two pixels per frame, uint8 (H, W)."""
    import cv2

    coarse = np.random.default_rng(seed).uniform(30, 220, (20, 40)).astype(np.float32)
    wide = cv2.resize(coarse, (width + 2 * count, height), interpolation=cv2.INTER_CUBIC)
    wide = np.clip(wide, 16, 235).astype(np.uint8)
    return [np.ascontiguousarray(wide[:, 2 * n : 2 * n + width]) for n in range(count)]


def flickering(count: int, seed: int = 1) -> Iterator[np.ndarray]:
    """Return chroma of one color with random changes from frame to frame."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield (np.zeros((36, 48, 2)) + [15, 20] + rng.normal(0, 6, 2)).astype(np.float32)


def test_optical_flow_finds_motion_and_distrusts_new_content() -> None:
    before, present = moving(2)
    back, forth = OpticalFlow().between(present, before), OpticalFlow().between(before, present)
    assert np.median(back[..., 0]) == pytest.approx(2, abs=0.2)
    middle = np.s_[8:-8, 8:-8]
    assert np.abs(warp(before, back)[middle].astype(int) - present[middle]).mean() < 6
    seen = visible_in_both(back, forth)
    assert seen[middle].mean() > 0.9
    assert not seen[:, -1].any(), "it was outside of the frame before"


def lab_of(gray: np.ndarray, ab: np.ndarray) -> np.ndarray:
    import cv2

    chroma = cv2.resize(ab, gray.shape[::-1])
    return np.dstack([gray_lightness()[gray], chroma]).astype(np.float32)


def test_flicker_measures_changes_along_motion() -> None:
    grays = moving(6)
    steady = [lab_of(g, np.full((2, 2, 2), 20, np.float32)) for g in grays]
    assert flicker(steady).color < 0.01
    jumping = [
        lab_of(g, np.full((2, 2, 2), 20 + 3 * (n % 2), np.float32)) for n, g in enumerate(grays)
    ]
    found = flicker(jumping)
    assert found.color == pytest.approx(3 * np.sqrt(2), rel=0.01), "of both a* and b*"
    assert found.total >= found.color
    assert found.pairs == 5
    assert 0.5 < found.share <= 1
    with pytest.raises(PictureError, match="no two successive frames"):
        flicker(steady[:1])
    with pytest.raises(PictureError, match="differ in size"):
        flicker([steady[0], steady[1][:-8]])


def test_steady_color_flickers_less_than_half() -> None:
    grays, smoother = moving(16), Smoother()
    raw = list(flickering(16))
    smooth = [smoother(g, ab) for g, ab in zip(grays, raw, strict=True)]
    off = flicker(lab_of(g, ab) for g, ab in zip(grays, raw, strict=True))
    on = flicker(lab_of(g, ab) for g, ab in zip(grays, smooth, strict=True))
    assert on.color < off.color / 2
    assert not smoother.cuts


def test_no_ghost_after_a_cut() -> None:
    smoother = Smoother()
    red, blue = (np.zeros((36, 48, 2), np.float32) + np.float32(c) for c in ([50, 30], [10, -50]))
    for gray in moving(8, seed=1):
        smoother(gray, red)
    for number, gray in enumerate(moving(4, seed=2)):
        got = smoother(gray, blue)
        assert np.abs(got - blue).max() < 1e-3, number
    assert smoother.cuts == 1


def test_a_new_object_keeps_its_own_color() -> None:
    smoother = Smoother()
    gray = np.full((72, 96), 90, np.uint8)
    ab = np.zeros((36, 48, 2), np.float32)
    for _ in range(6):
        smoother(gray, ab)
    gray = gray.copy()
    gray[20:50, 30:60] = 200
    ab = ab.copy()
    ab[10:25, 15:30] = 40
    got = smoother(gray, ab)
    assert got[13:22, 18:27].min() > 30
    assert np.abs(got[:8]).max() < 1


@pytest.mark.parametrize("weights", [BT601, BT709, BT2020])
@pytest.mark.parametrize("subsampling", [(2, 2), (2, 1), (1, 1)])
def test_lightness_is_kept(weights: Any, subsampling: tuple[int, int]) -> None:
    gray = moving(1)[0]
    ab = RNG.normal(0, 25, (5, 7, 2)).astype(np.float32)
    planes = color_planes(gray, ab, FrameSettings(refiner("ratio"), weights, subsampling), None)
    assert planes.cb.shape == (72 // subsampling[1], 96 // subsampling[0])
    assert planes.cb.std() > 2
    shown = shown_lightness(planes, weights)
    wanted = gray_lightness()[gray]
    assert np.abs(shown - wanted).mean() < 0.25
    assert np.percentile(np.abs(shown - wanted), 99) < 1
    back = gray_luma(planes.luma, planes.cb, planes.cr, weights)
    assert np.abs(back.astype(int) - gray).mean() < 0.6
    assert np.array_equal(luma_of(gray, *np.full((2, 36, 48), 128, np.uint8), weights), gray)


def shown_lightness(planes: Any, weights: Any) -> np.ndarray:
    """Return the L* that a player shows, by the definition (ITU-R BT.601/709)."""
    luma, cb, cr = (p.astype(np.float64) for p in (planes.luma, planes.cb, planes.cr))
    for axis in (0, 1):
        cb, cr = (p.repeat(luma.shape[axis] // p.shape[axis], axis) for p in (cb, cr))
    y, cb, cr = (luma - 16) / 219, (cb - 128) / 224, (cr - 128) / 224
    red, blue = weights
    r, b = y + 2 * (1 - red) * cr, y + 2 * (1 - blue) * cb
    g = (y - red * r - blue * b) / (1 - red - blue)
    return rgb_to_lab(np.clip(np.stack([r, g, b], -1), 0, 1))[..., 0]


def test_frames_of_odd_size_are_smoothed() -> None:
    gray = moving(1)[0][:71, :95]
    planes = color_planes(
        gray, np.full((5, 7, 2), 30, np.float32), FrameSettings(refiner("ratio"), BT601), None
    )
    assert planes.luma.shape == (71, 95)
    assert planes.cb.shape == (36, 48)


def test_squared_lengths_of_a_flow_are_those_of_arithmetic() -> None:
    flow = RNG.normal(0, 9, (37, 53, 2)).astype(np.float32)
    expected = flow[..., 0] * flow[..., 0] + flow[..., 1] * flow[..., 1]
    assert np.array_equal(optical_flow._square(flow), expected)
