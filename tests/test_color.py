"""Color conversion against scikit-image, an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

from colortk.color import cielab
from colortk.color.cielab import (
    lab_to_linear_rgb,
    lab_to_rgb,
    lab_to_rgb8,
    lightness,
    rgb_to_lab,
    srgb_to_linear,
)
from conftest import photo

RNG = np.random.default_rng(0)
HAS_16_BITS = cielab._looks_up_16_bits()


@pytest.fixture(params=["OpenCV 5", "OpenCV 4"])
def tables(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with the 16-bit lookup tables of OpenCV, and without them."""
    if request.param == "OpenCV 4":
        monkeypatch.setattr(cielab, "_looks_up_16_bits", lambda: False)
    elif not HAS_16_BITS:
        pytest.skip("this OpenCV looks up 8 bits alone")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(40, 50), (140, 50, 3), (1, 1, 3)])
@pytest.mark.usefixtures("tables")
def test_lightness_equals_scikit_image(dtype: type, shape: tuple[int, ...]) -> None:
    top = np.iinfo(dtype).max
    pixels = RNG.integers(0, top, shape, endpoint=True).astype(dtype)
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2)
    expected = rgb2lab(rgb / top)[..., 0]
    found = lightness(pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_lightness_of_every_gray_level_is_exact() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    expected = rgb2lab(np.repeat(ramp[..., None], 3, 2))[..., 0]
    np.testing.assert_allclose(lightness(ramp), expected, atol=1e-3)


def test_lightness_refuses_floats() -> None:
    with pytest.raises(TypeError, match="float64"):
        lightness(np.zeros((2, 2)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_rgb_to_lab_equals_scikit_image(dtype: type) -> None:
    picture = photo()
    given = picture.astype(dtype) * {np.uint8: 1, np.uint16: 257, np.float64: 1 / 255}[dtype]
    np.testing.assert_allclose(rgb_to_lab(given.astype(dtype)), rgb2lab(picture), atol=2e-3)


def test_lab_to_rgb_equals_scikit_image() -> None:
    lab = rgb2lab(RNG.random((60, 60, 3))).astype(np.float32)
    np.testing.assert_allclose(lab_to_rgb(lab), lab2rgb(lab), atol=0.1 / 255)


@pytest.mark.usefixtures("tables")
def test_lab_to_rgb8_equals_rounded_scikit_image() -> None:
    dark = RNG.random((30, 60, 3)) ** 4  # the levels with the fewest steps of linear light
    lab = rgb2lab(np.concatenate([RNG.random((30, 60, 3)), dark])).astype(np.float32)
    found = lab_to_rgb8(lab)
    assert found.shape == lab.shape
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found, lab2rgb(lab) * 255, atol=0.6)


@pytest.mark.usefixtures("tables")
def test_lab_to_rgb8_clips_colors_that_srgb_lacks() -> None:
    lab = RNG.uniform([0, -120, -120], [100, 120, 120], (60, 60, 3)).astype(np.float32)
    linear = np.clip(lab_to_linear_rgb(lab.astype(np.float64)), 0, 1)
    found = lab_to_rgb8(lab).astype(np.float64)
    assert (linear >= srgb_to_linear((found - 0.6) / 255)).all()
    assert (linear <= srgb_to_linear((found + 0.6) / 255)).all()


@pytest.mark.usefixtures("tables")
def test_gray_levels_survive_the_round_trip() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    lab = np.zeros((1, 256, 3), np.float32)
    lab[..., 0] = lightness(ramp)
    assert (np.rint(lab_to_rgb(lab) * 255) == ramp[..., None]).all()
    assert (lab_to_rgb8(lab) == ramp[..., None]).all()


def test_linear_rgb_is_not_clipped() -> None:
    rgb = RNG.random((30, 30, 3))
    np.testing.assert_allclose(lab_to_linear_rgb(rgb2lab(rgb)), srgb_to_linear(rgb), atol=1e-4)
    assert lab_to_linear_rgb(np.array([50.0, 120.0, 0.0])).min() < 0
