"""Colour conversion against scikit-image, an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

from colortk.color import lab_to_linear_rgb, lab_to_rgb, lightness, rgb_to_lab, srgb_to_linear
from conftest import photo

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 3), (1, 1, 3)])
def test_lightness_is_scikit_images(dtype: type, shape: tuple[int, ...]) -> None:
    top = np.iinfo(dtype).max
    pixels = RNG.integers(0, top, shape, endpoint=True).astype(dtype)
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2)
    expected = rgb2lab(rgb / top)[..., 0]
    found = lightness(pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_lightness_of_every_grey_level_is_exact() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    expected = rgb2lab(np.repeat(ramp[..., None], 3, 2))[..., 0]
    np.testing.assert_allclose(lightness(ramp), expected, atol=1e-3)


def test_lightness_refuses_floats() -> None:
    with pytest.raises(TypeError, match="float64"):
        lightness(np.zeros((2, 2)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_rgb_to_lab_is_scikit_images(dtype: type) -> None:
    picture = photo()
    given = picture.astype(dtype) * {np.uint8: 1, np.uint16: 257, np.float64: 1 / 255}[dtype]
    np.testing.assert_allclose(rgb_to_lab(given.astype(dtype)), rgb2lab(picture), atol=2e-3)


def test_lab_to_rgb_is_scikit_images() -> None:
    lab = rgb2lab(RNG.random((60, 60, 3))).astype(np.float32)
    np.testing.assert_allclose(lab_to_rgb(lab), lab2rgb(lab), atol=0.1 / 255)


def test_a_grey_level_comes_back_as_itself() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    lab = np.zeros((1, 256, 3), np.float32)
    lab[..., 0] = lightness(ramp)
    rgb = np.rint(lab_to_rgb(lab) * 255)
    assert (rgb == ramp[..., None]).all()


def test_linear_rgb_is_not_clipped() -> None:
    rgb = RNG.random((30, 30, 3))
    np.testing.assert_allclose(lab_to_linear_rgb(rgb2lab(rgb)), srgb_to_linear(rgb), atol=1e-4)
    assert lab_to_linear_rgb(np.array([50.0, 120.0, 0.0])).min() < 0
