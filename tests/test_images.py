"""Decoding every kind of picture: right pixels, right orientation."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from encoded import GRAY, RGB, opened, saved


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM", "WEBP", "GIF"])
def test_gray_pixels_are_decoded_exactly(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = opened(saved(Image.fromarray(GRAY), kind, **options)).pixels
    gray = pixels if pixels.ndim == 2 else pixels[..., 1]
    assert np.array_equal(gray, GRAY)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM", "WEBP"])
def test_rgb_pixels_are_decoded_exactly(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(opened(saved(Image.fromarray(RGB), kind, **options)).pixels, RGB)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_rgba_pixels_and_alpha_are_decoded_exactly(kind: str) -> None:
    rgba = np.dstack([RGB, GRAY])
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    found = opened(saved(Image.fromarray(rgba), kind, **options))
    assert np.array_equal(found.pixels, RGB)
    assert found.alpha is not None
    assert np.array_equal(found.alpha, GRAY)


def test_gray_with_alpha() -> None:
    found = opened(saved(Image.fromarray(np.dstack([GRAY, 255 - GRAY])), "PNG"))
    assert np.array_equal(found.pixels, GRAY)
    assert found.alpha is not None
    assert np.array_equal(found.alpha, 255 - GRAY)


def test_palette_with_and_without_transparency() -> None:
    image = Image.fromarray(RGB).quantize(32)
    expected = np.asarray(image.convert("RGB"))
    assert np.array_equal(opened(saved(image, "PNG")).pixels, expected)
    found = opened(saved(image, "PNG", transparency=0))
    assert found.alpha is not None
    assert ((np.asarray(image) == 0) == (found.alpha == 0)).all()


def test_one_bit_pictures_become_black_and_white() -> None:
    image = Image.fromarray(GRAY).convert("1")
    assert np.array_equal(opened(saved(image, "PNG")).pixels, np.asarray(image) * np.uint8(255))


def test_cmyk_jpegs_are_converted_to_rgb() -> None:
    image = Image.fromarray(RGB).convert("CMYK")
    found = opened(saved(image, "JPEG", quality=100)).pixels.astype(int)
    assert np.abs(found - np.asarray(image.convert("RGB"))).mean() < 4


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_are_kept(extension: str, channels: int) -> None:
    wide = np.random.default_rng(0).integers(0, 65535, (20, 30, channels)).astype(np.uint16)
    bgr = wide[..., [2, 1, 0, 3][:channels]] if channels > 1 else wide
    data = cv2.imencode(extension, np.ascontiguousarray(bgr))[1].tobytes()
    found = opened(data)
    assert found.pixels.dtype == np.uint16
    assert np.array_equal(found.pixels, wide[..., 0] if channels == 1 else wide[..., :3])
    assert (found.alpha is not None) == (channels == 4)
    if found.alpha is not None:
        assert np.array_equal(found.alpha, wide[..., 3])


def test_sixteen_bit_pgm() -> None:
    wide = np.arange(600, dtype=np.uint16).reshape(20, 30) * 100
    data = b"P5\n# a comment\n30 20\n65535\n" + wide.astype(">u2").tobytes()
    assert np.array_equal(opened(data).pixels, wide)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_rotation_is_applied_once_and_forgotten(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera"
    data = saved(Image.fromarray(GRAY), kind, exif=exif)
    from PIL import ImageOps

    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    found = opened(data)
    gray = found.pixels if found.pixels.ndim == 2 else found.pixels[..., 1]
    assert gray.shape == expected.shape
    assert np.abs(gray.astype(int) - expected).max() <= 2
    kept = Image.Exif()
    kept.load(found.exif)
    assert kept[0x010F] == "Camera"
    assert 0x0112 not in kept


def test_dpi_is_read() -> None:
    assert opened(saved(Image.fromarray(GRAY), "JPEG", dpi=(300, 300))).dpi == (300, 300)


def test_a_lab_tiff_is_converted_to_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    image = Image.fromarray(RGB)
    in_lab = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    assert in_lab is not None
    back = opened(saved(in_lab, "TIFF", icc_profile=lab.tobytes())).pixels.astype(int)
    assert np.abs(back - RGB).mean() < 3


def test_only_the_first_frame_is_used_and_noted() -> None:
    frames = [Image.fromarray(GRAY), Image.fromarray(255 - GRAY)]
    found = opened(saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert np.array_equal(found.pixels, GRAY)
    assert "several pages" in found.notes[0]


def test_a_tiff_in_which_white_is_zero() -> None:
    wide = np.arange(600, dtype=np.uint16).reshape(20, 30) * 100
    directory = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\x08\0\0\0")
    for tag, value in {
        256: 30,
        257: 20,
        258: 16,
        259: 1,
        262: 0,
        277: 1,
        278: 20,
        273: 0,
        279: 1200,
    }.items():
        directory[tag] = value
    out = io.BytesIO()
    directory.save(out)
    data = out.getvalue() + wide.astype("<u2").tobytes()
    assert np.array_equal(opened(data).pixels, 65535 - wide)


def test_a_pgm_of_ten_bits_is_scaled() -> None:
    data = b"P5\n30 20\n1023\n" + np.full((20, 30), 1023, ">u2").tobytes()
    assert (opened(data).pixels == 65535).all()


def test_a_sixteen_bit_gray_png_keeps_its_transparent_level() -> None:
    wide = np.arange(0, 60_000, 100, dtype=np.uint16).reshape(20, 30)
    data = saved(Image.fromarray(wide), "PNG", transparency=500)
    picture = opened(data)
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha == 0, wide == 500)
    assert np.array_equal(picture.pixels, wide)
