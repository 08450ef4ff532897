"""ICC profiles that are three curves and a matrix, read here so that 16 bits stay 16.

LittleCMS, as Pillow offers it, converts color at 8 bits only. Nearly every RGB profile of a
camera, a scanner or an editor (Adobe RGB, ProPhoto RGB, Display P3) is of this kind
(ICC.1:2010, section 8.3.3); :mod:`colortk.io.icc` converts profiles with lookup tables.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from colortk.io.bit_depth import to_8_bits
from colortk.types import Array

#: Linear sRGB to XYZ of D50, the profile connection space (Bradford-adapted).
_SRGB_D50 = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
_LEVELS = 65536
_RAMP = np.arange(_LEVELS)


def to_srgb(pixels: Array, profile: bytes) -> Array | None:
    """``pixels``, uint16 (H, W, 3), in sRGB; ``None`` if ``profile`` is no matrix profile."""
    try:
        tags = _read_tags(profile)
        if b"A2B0" in tags or profile[16:20] != b"RGB " or profile[20:24] != b"XYZ ":
            return None
        curves = [_read_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
        columns = [_read_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    except (KeyError, IndexError, ValueError, ArithmeticError, struct.error):
        return None
    matrix = (np.linalg.inv(_SRGB_D50) @ np.stack(columns, -1)).T.astype(np.float32)
    encoded = _srgb_levels()
    same = np.allclose(matrix, np.eye(3), atol=2e-3)
    if same and all(np.abs(encoded[_to_levels(c)].astype(int) - _RAMP).max() < 256 for c in curves):
        return pixels  # it is sRGB: not a bit changes
    out = np.empty_like(pixels)
    for top in range(0, len(pixels), 256):
        part = pixels[top : top + 256]
        linear = np.stack([curve[part[..., k]] for k, curve in enumerate(curves)], -1) @ matrix
        out[top : top + 256] = encoded[_to_levels(linear)]
    return out


def lab_to_srgb(lab: Array, dtype: Any) -> Array:
    """Convert CIELAB to sRGB.

    Parameters
    ----------
    lab : ndarray of float32, (H, W, 3)
        CIE L* 0..100, a*, b*, white point D50.
    dtype : dtype
        uint8 or uint16.

    Returns
    -------
    ndarray of ``dtype``, (H, W, 3)
        sRGB; colors outside of its gamut are clipped.
    """
    matrix = np.linalg.inv(_SRGB_D50).T.astype(np.float32)
    white = (_SRGB_D50.sum(1)).astype(np.float32)
    encoded = _srgb_levels()
    if dtype == np.uint8:
        encoded = to_8_bits(encoded)
    out = np.empty(lab.shape, dtype)
    for top in range(0, len(lab), 256):
        lightness, a, b = np.moveaxis(lab[top : top + 256], -1, 0)
        y = (lightness + 16) / 116
        f = np.stack([y + a / 500, y, y - b / 200], -1)
        xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * (3 * (6 / 29) ** 2)) * white
        out[top : top + 256] = encoded[_to_levels(xyz.astype(np.float32) @ matrix)]
    return out


def _to_levels(linear: Array) -> Array:
    return np.rint(np.clip(linear, 0, 1) * np.float32(_LEVELS - 1)).astype(np.int32)


def _read_tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack(">I", profile[128:132])
    tags = {}
    for number in range(min(count, 100)):
        name, start, size = struct.unpack(">4sII", profile[132 + 12 * number : 144 + 12 * number])
        tags[name] = profile[start : start + size]
    return tags


def _read_xyz(tag: bytes) -> Array:
    if tag[:4] != b"XYZ ":
        raise ValueError("a tag does not hold a color")
    return np.array(struct.unpack(">3i", tag[8:20])) / 65536


def _read_curve(tag: bytes) -> Array:
    """Linear value of each of the 65,536 levels, float32."""
    x = np.arange(_LEVELS) / (_LEVELS - 1)
    if tag[:4] == b"curv":
        (count,) = struct.unpack(">I", tag[8:12])
        if count == 0:
            y = x
        elif count == 1:
            y = x ** (struct.unpack(">H", tag[12:14])[0] / 256)
        else:
            table = np.frombuffer(tag[12 : 12 + 2 * count], ">u2") / 65535
            if len(table) != count:  # no table is allocated for a size that only the header states
                raise ValueError("a curve is shorter than its declared length")
            y = np.interp(x, np.linspace(0, 1, count), table)
    elif tag[:4] == b"para":
        y = _read_parametric(x, tag)
    else:
        raise ValueError("a tag does not hold a curve")
    levels: Array = y.astype(np.float32)
    return levels


def _read_parametric(x: Array, tag: bytes) -> Array:
    """ICC.1:2010, table 65: y = (a x + b)^g + e from d on, c x + f below."""
    (kind,) = struct.unpack(">H", tag[8:10])
    count = (1, 3, 4, 5, 7)[kind]
    values = np.zeros(7)
    values[:count] = np.frombuffer(tag[12 : 12 + 4 * count], ">i4") / 65536
    g, a, b, c, d, e, f = values.tolist()
    if kind == 0:
        a = 1.0
    if kind in (1, 2):
        d, e, f = -b / a, c, c
        c = 0.0
    power = np.maximum(a * x + b, 0) ** g + e
    result: Array = np.where(x >= d, power, c * x + f)
    return result


def _srgb_levels() -> Array:
    """Return the sRGB level of each of 65,536 steps of linear light, uint16."""
    y = np.arange(_LEVELS) / (_LEVELS - 1)
    value = np.where(y > 0.0031308, 1.055 * y ** (1 / 2.4) - 0.055, 12.92 * y)
    levels: Array = np.rint(value * 65535).astype(np.uint16)
    return levels
