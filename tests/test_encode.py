"""Encoding: metadata and pixels are kept, and the file is complete or absent."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from colortk.errors import PictureError, UsageError
from colortk.io.decode import decode
from colortk.io.encode import encode, known_format, suggest_extension
from colortk.io.picture import Picture
from conftest import photo

RGB = photo()
WIDE = np.random.default_rng(0).integers(0, 65535, (37, 53, 3)).astype(np.uint16)


def exif() -> bytes:
    tags = Image.Exif()
    tags[0x010F] = "Camera"
    tags[0x8298] = "somebody"
    return tags.tobytes()


def source(**more: object) -> Picture:
    return Picture(RGB[..., 0], exif=exif(), dpi=(300.0, 300.0), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("extension", ["png", "tif", "webp", "jpg", "bmp", "ppm"])
def test_eight_bits_with_metadata(extension: str) -> None:
    data = encode(RGB, source(), extension, [])
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "RGB"
        assert image.size == (64, 48)
        if extension in ("png", "tif", "webp", "jpg"):
            assert image.getexif()[0x010F] == "Camera"
        if extension in ("png", "tif", "jpg"):
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        close = np.abs(np.asarray(image).astype(int) - RGB).mean()
        assert close == 0 if extension in ("png", "tif", "webp", "bmp", "ppm") else close < 5


@pytest.mark.parametrize("extension", ["png", "tif"])
@pytest.mark.parametrize("alpha", [False, True])
def test_sixteen_bits_with_metadata(extension: str, alpha: bool) -> None:
    picture = source(alpha=WIDE[..., 1] if alpha else None)
    data = encode(WIDE, picture, extension, [])
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert read.dtype == np.uint16
    assert np.array_equal(read[..., 2::-1], WIDE)
    assert read.shape[2] == 3 + alpha
    again = decode(data, "again")
    assert np.array_equal(again.pixels, WIDE)
    assert again.dpi == pytest.approx((300, 300), abs=0.1)
    kept = Image.Exif()
    kept.load(again.exif)
    assert kept[0x010F] == "Camera"
    assert kept[0x8298] == "somebody"
    if alpha:
        assert np.array_equal(again.alpha, WIDE[..., 1])


def test_a_tiff_keeps_description_but_not_another_pictures_structure() -> None:
    out = io.BytesIO()
    Image.fromarray(RGB[..., 0]).save(out, "TIFF", exif=exif(), compression="tiff_lzw")
    picture = decode(out.getvalue(), "gray")
    data = encode(RGB, picture, "tif", [])
    assert np.array_equal(decode(data, "color").pixels, RGB)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("extension", ["tif", "png", "jpg"])
def test_exposure_and_place_are_kept(extension: str, wide: bool) -> None:
    tags = Image.Exif()
    tags[0x010F] = "Camera"
    tags.get_ifd(0x8769)[0x829A] = 0.5
    tags.get_ifd(0x8825)[0x0001] = "N"
    out = io.BytesIO()
    Image.fromarray(RGB[..., 0]).save(out, "JPEG", exif=tags)
    picture = decode(out.getvalue(), "camera")
    again = decode(encode(WIDE if wide else RGB, picture, extension, []), "again")
    kept = Image.Exif()
    kept.load(again.exif)
    assert kept[0x010F] == "Camera"
    assert float(kept.get_ifd(0x8769)[0x829A]) == 0.5
    assert kept.get_ifd(0x8825)[0x0001] == "N"


def test_a_large_sixteen_bit_tiff_has_several_strips() -> None:
    wide = np.random.default_rng(1).integers(0, 65535, (700, 600, 3)).astype(np.uint16)
    assert np.array_equal(decode(encode(wide, source(), "tif", []), "large").pixels, wide)


def test_webp_is_lossless() -> None:
    assert np.array_equal(decode(encode(RGB, source(), "webp", []), "webp").pixels, RGB)


def test_losses_of_a_format_are_noted() -> None:
    notes: list[str] = []
    encode(WIDE, source(alpha=WIDE[..., 0]), "jpg", notes)
    assert any("transparency" in note for note in notes)
    assert any("8 bits" in note for note in notes)


def test_pictures_too_large_for_the_format_are_refused() -> None:
    with pytest.raises(PictureError, match="16383.*--ext png"):
        encode(np.zeros((1, 20000, 3), np.uint8), Picture(RGB), "webp", [])


def test_extensions_name_formats() -> None:
    assert known_format("JPG") == "JPEG"
    with pytest.raises(UsageError, match="known: png"):
        known_format("docx")
    assert suggest_extension(Picture(RGB, format="GIF")) == "png"
    assert suggest_extension(Picture(RGB, format="JPEG")) == "jpg"
    assert suggest_extension(Picture(RGB, format="MPO")) == "jpg"
