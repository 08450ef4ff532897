"""Color profiles: all pictures are converted to sRGB at their bit depth."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from colortk.io import icc_matrix
from colortk.io.icc import profiled_16
from encoded import GRAY, RGB, opened, saved


def adobe_rgb(gray: bool = False) -> bytes:
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
    if gray:
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
    header[16:20], header[20:24], header[36:40] = (b"GRAY" if gray else b"RGB "), b"XYZ ", b"acsp"
    header[68:80] = xyz(0.9642, 1.0, 0.8249)[8:]
    return bytes(header) + struct.pack(">I", len(tags)) + table + body


def srgb_of_adobe(picture: np.ndarray) -> np.ndarray:
    """Convert Adobe RGB (1998), gamma 2.2, D65, to sRGB by plain arithmetic."""
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
    np.testing.assert_allclose(icc_matrix._read_curve(curve), expected(x), atol=1e-4)


@pytest.mark.parametrize(
    "curve",
    [
        b"curv" + bytes(4) + struct.pack(">I", 2**32 - 1),
        b"para" + bytes(4) + struct.pack(">HH3i", 1, 0, 65536, 0, 65536),
        b"para" + bytes(4) + struct.pack(">HH", 9, 0),
    ],
)
def test_a_hostile_curve_is_not_read_as_a_matrix_profile(curve: bytes) -> None:
    profile = bytearray(adobe_rgb())
    start = profile.index(b"curv")
    profile[start : start + len(curve)] = curve
    assert icc_matrix.to_srgb(np.zeros((2, 2, 3), np.uint16), bytes(profile)) is None


def test_a_sixteen_bit_srgb_profile_changes_no_bit() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = np.random.default_rng(0).integers(0, 65535, (20, 30, 3)).astype(np.uint16)
    assert np.array_equal(profiled_16(wide, profile, [], "test"), wide)


def test_sixteen_bit_color_with_tables_in_its_profile_goes_through_eight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("colortk.io.icc.to_srgb", lambda pixels, profile: None)
    notes: list[str] = []
    found = profiled_16(RGB.astype(np.uint16) * 257, adobe_rgb(), notes, "test")
    assert np.abs(found / 257 - srgb_of_adobe(RGB)).mean() < 1.0
    assert "reduced to 8 bits" in notes[0]


def test_a_gray_profile_is_converted_at_either_depth() -> None:
    linear = (GRAY / 255) ** 2.2
    expected = 255 * np.where(
        linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear
    )
    found = opened(saved(Image.fromarray(GRAY), "PNG", icc_profile=adobe_rgb(gray=True))).pixels
    gray = found if found.ndim == 2 else found[..., 1]
    assert np.abs(gray - expected).max() < 2
    wide = Image.fromarray(GRAY.astype(np.uint16) * 257)
    found = opened(saved(wide, "PNG", icc_profile=adobe_rgb(gray=True))).pixels
    assert found.dtype == np.uint16
    assert np.abs(found / 257 - expected).max() < 2


def test_a_gray_picture_may_have_a_color_profile() -> None:
    found = opened(saved(Image.fromarray(GRAY), "PNG", icc_profile=adobe_rgb()))
    assert found.notes == []
    expected = srgb_of_adobe(np.repeat(GRAY[..., None], 3, 2))
    assert np.abs(found.pixels - expected).max() < 2


def test_a_broken_icc_profile_is_a_note() -> None:
    found = opened(saved(Image.fromarray(RGB), "PNG", icc_profile=b"nonsense"))
    assert np.array_equal(found.pixels, RGB)
    assert "ICC profile was ignored" in found.notes[0]


def test_a_profile_named_srgb_with_other_values_is_converted() -> None:
    linear = adobe_rgb().replace(b"test profile", b"sRGB? not it")
    found = opened(saved(Image.fromarray(RGB), "PNG", icc_profile=linear)).pixels
    assert np.abs(found - srgb_of_adobe(RGB)).mean() < 1


def test_a_true_srgb_profile_changes_no_pixel() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = opened(saved(Image.fromarray(RGB), "PNG", icc_profile=profile))
    assert np.array_equal(found.pixels, RGB)
