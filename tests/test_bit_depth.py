"""The rule that reduces 16 bits to 8 bits, and the gray picture of a lightness."""

from __future__ import annotations

import io
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from PIL import Image

from colortk.color.cielab import gray_rgb, lightness
from colortk.io.bit_depth import to_8_bits, to_rgb8
from colortk.io.decode import decode
from colortk.io.encode import encode

LEVELS = np.arange(65536, dtype=np.uint16)


def test_all_values_are_rounded_to_the_nearest() -> None:
    reduced = to_8_bits(LEVELS.reshape(256, 256)).ravel()
    assert reduced.dtype == np.uint8
    for value in range(65536):
        exact = (Decimal(value) * 255 / 65535).to_integral_value(ROUND_HALF_UP)
        assert reduced[value] == exact, value


def test_eight_bits_and_other_shapes_are_kept() -> None:
    eight = np.arange(256, dtype=np.uint8)
    assert to_8_bits(eight) is eight
    assert np.array_equal(to_8_bits(eight.astype(np.uint16) * 257), eight)
    assert to_8_bits(np.zeros((0, 5, 3), np.uint16)).shape == (0, 5, 3)
    gray = LEVELS.reshape(64, 1024)
    assert np.array_equal(to_rgb8(gray), np.repeat(to_8_bits(gray)[..., None], 3, 2))


def test_a_16_bit_picture_is_rounded_in_an_8_bit_file() -> None:
    rgb = np.stack([LEVELS, LEVELS[::-1], np.roll(LEVELS, 99)], -1).reshape(256, 256, 3)
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((256, 256), np.uint8)).save(buffer, "PNG")
    source = decode(buffer.getvalue(), "x")
    written = np.asarray(Image.open(io.BytesIO(encode(rgb, source, "webp", []))).convert("RGB"))
    assert written.shape == rgb.shape
    bitmap = np.asarray(Image.open(io.BytesIO(encode(rgb, source, "bmp", []))))
    assert np.array_equal(bitmap, np.rint(rgb / 257.0))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_pictures_are_their_own_gray_pictures(dtype: type) -> None:
    levels = np.arange(np.iinfo(dtype).max + 1, dtype=dtype).reshape(-1, 256)
    gray = gray_rgb(lightness(levels), dtype)
    assert gray.dtype == dtype
    tolerance = 0 if dtype is np.uint8 else 25  # a tenth of an 8-bit level: OpenCV interpolates
    difference = np.abs(gray.astype(int) - levels[..., None])
    assert difference.max() <= tolerance
    assert not np.ptp(gray, axis=-1).any()
