"""Reading: every kind of picture, upright, as sRGB, and every kind of damage as one line."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from colortk import matrix_profile
from colortk.errors import PictureError
from colortk.images import Picture, decode, read_bytes
from colortk.profiles import profiled_16
from conftest import photo

RGB = photo()
GREY = np.asarray(Image.fromarray(RGB).convert("L"))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Picture:
    return decode(data, "test")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM", "WEBP", "GIF"])
def test_grey(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = opened(saved(Image.fromarray(GREY), kind, **options)).pixels
    grey = pixels if pixels.ndim == 2 else pixels[..., 1]
    assert np.array_equal(grey, GREY)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM", "WEBP"])
def test_rgb(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(opened(saved(Image.fromarray(RGB), kind, **options)).pixels, RGB)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_rgba(kind: str) -> None:
    rgba = np.dstack([RGB, GREY])
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    found = opened(saved(Image.fromarray(rgba), kind, **options))
    assert np.array_equal(found.pixels, RGB)
    assert found.alpha is not None
    assert np.array_equal(found.alpha, GREY)


def test_grey_with_alpha() -> None:
    found = opened(saved(Image.fromarray(np.dstack([GREY, 255 - GREY])), "PNG"))
    assert np.array_equal(found.pixels, GREY)
    assert found.alpha is not None
    assert np.array_equal(found.alpha, 255 - GREY)


def test_palette_with_and_without_transparency() -> None:
    image = Image.fromarray(RGB).quantize(32)
    expected = np.asarray(image.convert("RGB"))
    assert np.array_equal(opened(saved(image, "PNG")).pixels, expected)
    found = opened(saved(image, "PNG", transparency=0))
    assert found.alpha is not None
    assert ((np.asarray(image) == 0) == (found.alpha == 0)).all()


def test_one_bit() -> None:
    image = Image.fromarray(GREY).convert("1")
    assert np.array_equal(opened(saved(image, "PNG")).pixels, np.asarray(image) * np.uint8(255))


def test_cmyk_jpeg() -> None:
    image = Image.fromarray(RGB).convert("CMYK")
    found = opened(saved(image, "JPEG", quality=100)).pixels.astype(int)
    assert np.abs(found - np.asarray(image.convert("RGB"))).mean() < 4


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits(extension: str, channels: int) -> None:
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
    data = saved(Image.fromarray(GREY), kind, exif=exif)
    from PIL import ImageOps

    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    found = opened(data)
    grey = found.pixels if found.pixels.ndim == 2 else found.pixels[..., 1]
    assert grey.shape == expected.shape
    assert np.abs(grey.astype(int) - expected).max() <= 2
    kept = Image.Exif()
    kept.load(found.exif)
    assert kept[0x010F] == "Camera"
    assert 0x0112 not in kept


def test_dpi_is_read() -> None:
    assert opened(saved(Image.fromarray(GREY), "JPEG", dpi=(300, 300))).dpi == (300, 300)


def adobe_rgb(grey: bool = False) -> bytes:
    """A minimal ICC profile: gamma 2.2, Adobe RGB (1998) primaries adapted to D50."""

    def xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    def curve() -> bytes:
        return b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)

    text = b"test profile\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(79),
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
    }
    if grey:
        tags[b"kTRC"] = curve()
    else:
        tags |= {
            b"rXYZ": xyz(0.60974, 0.31111, 0.01947),
            b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
            b"bXYZ": xyz(0.14919, 0.06322, 0.74457),
            b"rTRC": curve(), b"gTRC": curve(), b"bTRC": curve(),
        }  # fmt: skip
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    header = bytearray(128)
    header[0:4] = struct.pack(">I", start + len(body))
    header[8:12], header[12:16] = bytes([2, 0x10, 0, 0]), b"mntr"
    header[16:20], header[20:24], header[36:40] = (b"GRAY" if grey else b"RGB "), b"XYZ ", b"acsp"
    header[68:80] = xyz(0.9642, 1.0, 0.8249)[8:]
    return bytes(header) + struct.pack(">I", len(tags)) + table + body


def srgb_of_adobe(picture: np.ndarray) -> np.ndarray:
    """By arithmetic: Adobe RGB (1998), gamma 2.2, D65, to sRGB."""
    to_xyz = np.array(
        [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    )
    to_rgb = np.array(
        [[3.24096, -1.53738, -0.49861], [-0.96924, 1.87597, 0.04156], [0.05563, -0.20398, 1.05697]]
    )
    linear = np.clip((picture / 255) ** 2.2 @ (to_rgb @ to_xyz).T, 0, 1)
    return 255 * np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)


def test_a_wide_gamut_profile_is_converted_to_srgb() -> None:
    expected = srgb_of_adobe(RGB)
    assert np.abs(expected - RGB).mean() > 5, "else nothing would be shown"
    found = opened(saved(Image.fromarray(RGB), "PNG", icc_profile=adobe_rgb()))
    assert found.notes == []
    error = np.abs(found.pixels - expected)
    assert error.mean() < 1.0
    assert np.percentile(error, 99) < 4


def test_a_wide_gamut_profile_at_sixteen_bits() -> None:
    data = bytearray(cv2.imencode(".png", RGB[..., ::-1].astype(np.uint16) * 257)[1].tobytes())
    chunk = b"test\0\0" + zlib.compress(adobe_rgb())
    whole = (
        struct.pack(">I", len(chunk))
        + b"iCCP"
        + chunk
        + struct.pack(">I", zlib.crc32(b"iCCP" + chunk))
    )
    found = opened(bytes(data[:33]) + whole + bytes(data[33:]))
    assert found.pixels.dtype == np.uint16
    assert found.notes == []
    assert np.abs(found.pixels / 257 - srgb_of_adobe(RGB)).mean() < 0.2
    assert len(np.unique(found.pixels)) > 256, "more than 8 bits are left"


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (b"curv" + bytes(4) + struct.pack(">I", 0), lambda x: x),
        (b"curv" + bytes(4) + struct.pack(">I3H", 3, 0, 16384, 65535), lambda x: np.interp(x, [0, 0.5, 1], [0, 0.25, 1])),
        (b"para" + bytes(4) + struct.pack(">HHi", 0, 0, 2 * 65536), lambda x: x**2),
        (
            b"para" + bytes(4) + struct.pack(">HH5i", 3, 0, *(round(v * 65536) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))),
            lambda x: np.where(x >= 0.04045, ((x + 0.055) / 1.055) ** 2.4, x / 12.92),
        ),
    ],
)  # fmt: skip
def test_curves_of_profiles(curve: bytes, expected: Callable[[np.ndarray], np.ndarray]) -> None:
    x = np.arange(65536) / 65535
    np.testing.assert_allclose(matrix_profile._curve(curve), expected(x), atol=1e-4)


@pytest.mark.parametrize(
    "curve",
    [
        b"curv" + bytes(4) + struct.pack(">I", 2**32 - 1),
        b"para" + bytes(4) + struct.pack(">HH3i", 1, 0, 65536, 0, 65536),
        b"para" + bytes(4) + struct.pack(">HH", 9, 0),
    ],
)
def test_a_hostile_curve_is_no_matrix_profile(curve: bytes) -> None:
    profile = bytearray(adobe_rgb())
    start = profile.index(b"curv")
    profile[start : start + len(curve)] = curve
    assert matrix_profile.to_srgb(np.zeros((2, 2, 3), np.uint16), bytes(profile)) is None


def test_a_sixteen_bit_srgb_profile_changes_no_bit() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = np.random.default_rng(0).integers(0, 65535, (20, 30, 3)).astype(np.uint16)
    assert np.array_equal(profiled_16(wide, profile, [], "test"), wide)


def test_sixteen_bit_colour_with_tables_in_its_profile_goes_through_eight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("colortk.profiles.to_srgb", lambda pixels, profile: None)
    notes: list[str] = []
    found = profiled_16(RGB.astype(np.uint16) * 257, adobe_rgb(), notes, "test")
    assert np.abs(found / 257 - srgb_of_adobe(RGB)).mean() < 1.0
    assert "went through 8 bits" in notes[0]


def test_a_grey_profile_is_converted_at_either_depth() -> None:
    linear = (GREY / 255) ** 2.2
    expected = 255 * np.where(
        linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear
    )
    found = opened(saved(Image.fromarray(GREY), "PNG", icc_profile=adobe_rgb(grey=True))).pixels
    grey = found if found.ndim == 2 else found[..., 1]
    assert np.abs(grey - expected).max() < 2
    wide = Image.fromarray(GREY.astype(np.uint16) * 257)
    found = opened(saved(wide, "PNG", icc_profile=adobe_rgb(grey=True))).pixels
    assert found.dtype == np.uint16
    assert np.abs(found / 257 - expected).max() < 2


def test_a_grey_picture_may_have_a_colour_profile() -> None:
    found = opened(saved(Image.fromarray(GREY), "PNG", icc_profile=adobe_rgb()))
    assert found.notes == []
    expected = srgb_of_adobe(np.repeat(GREY[..., None], 3, 2))
    assert np.abs(found.pixels - expected).max() < 2


def test_a_lab_tiff_is_converted_to_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    image = Image.fromarray(RGB)
    in_lab = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    assert in_lab is not None
    back = opened(saved(in_lab, "TIFF", icc_profile=lab.tobytes())).pixels.astype(int)
    assert np.abs(back - RGB).mean() < 3


def test_a_broken_icc_profile_is_a_note() -> None:
    found = opened(saved(Image.fromarray(RGB), "PNG", icc_profile=b"nonsense"))
    assert np.array_equal(found.pixels, RGB)
    assert "ICC profile was ignored" in found.notes[0]


def test_only_the_first_frame_is_used_and_that_is_said() -> None:
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    found = opened(saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert np.array_equal(found.pixels, GREY)
    assert "2 pages" in found.notes[0]


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


def test_a_profile_that_only_calls_itself_srgb_is_converted() -> None:
    linear = adobe_rgb().replace(b"test profile", b"sRGB? not it")
    found = opened(saved(Image.fromarray(RGB), "PNG", icc_profile=linear)).pixels
    assert np.abs(found - srgb_of_adobe(RGB)).mean() < 1


def test_a_profile_that_is_srgb_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = opened(saved(Image.fromarray(RGB), "PNG", icc_profile=profile))
    assert np.array_equal(found.pixels, RGB)


def test_postscript_is_not_interpreted() -> None:
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with pytest.raises(PictureError, match="EPS is not a format of pictures"):
        opened(data)


def test_an_unusual_tiff_is_measured_before_it_is_decoded() -> None:
    directory = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\x08\0\0\0")
    tags = {
        256: 60000,
        257: 60000,
        258: (16, 16),
        259: 1,
        262: 1,
        277: 2,
        278: 20,
        273: 0,
        279: 12,
        338: 2,
    }
    for tag, value in tags.items():
        directory[tag] = value
    out = io.BytesIO()
    directory.save(out)
    with pytest.raises(PictureError, match="60000 × 60000"):
        opened(out.getvalue() + bytes(100))


JPEG = saved(Image.fromarray(photo(400, 400)), "JPEG")
PNG = saved(Image.fromarray(photo(400, 400)), "PNG")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"only text", "not a picture"),
        (JPEG[:3000], "damaged"),
        (PNG[:3000], "damaged"),
        (PNG[:40], "header is damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "header is damaged"),
        (saved(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"), "32 bits"),
    ],
)
def test_what_cannot_be_read_is_one_line(data: bytes, why: str) -> None:
    with pytest.raises(PictureError, match=why) as caught:
        opened(data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("cannot read 'test'")


def test_a_bomb_is_refused_by_its_header() -> None:
    small = bytearray(saved(Image.fromarray(GREY), "PNG"))
    small[16:24] = struct.pack(">II", 60000, 60000)
    small[29:33] = struct.pack(">I", zlib.crc32(bytes(small[12:29])))
    with pytest.raises(PictureError, match="over the limit.*--max-pixels"):
        opened(bytes(small))
    assert Image.MAX_IMAGE_PIXELS is not None, "the process-wide limit is left as it was"


def test_missing_and_directory(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such file"):
        read_bytes(tmp_path / "nothing.png")
    with pytest.raises(PictureError, match="directory"):
        read_bytes(tmp_path)
