"""sRGB and CIELAB: the one module that converts.

The white point is D65 (2° observer), and the transfer function follows IEC 61966-2-1. The tests
compare with scikit-image. OpenCV converts CIELAB to sRGB exactly to 0.1 of an 8-bit level, but sRGB
to CIELAB only to 0.2 L*, so that this direction is computed here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.types import Array, Float32, Lightness

#: Rows: X, Y, Z; columns: linear R, G, B (IEC 61966-2-1, D65).
RGB_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
#: CIELAB's f is a cube root above EPSILON, and a line of this slope below.
EPSILON, SLOPE = 0.008856, 7.787
#: Steps of luminance and of linear light in the lookup tables.
LUMINANCE_STEPS = (1 << 16) - 1
#: Pixels whose float copies exist at a time.
_BAND = 1 << 17
#: Rows: L*, a*, b*; columns: f of X, Y and Z, and 1.
_LAB_OF_F = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], np.float32)


def srgb_to_linear(value: Array) -> Array:
    """Undo the sRGB transfer function of values in 0..1, of any shape."""
    value = np.asarray(value)
    return np.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92)


def _f(t: Array) -> Array:
    return np.where(t > EPSILON, np.cbrt(t), SLOPE * t + 16.0 / 116.0)


def decode_f(f: Array) -> Array:
    """Invert CIELAB's f. Return relative X, Y or Z, of any shape."""
    return np.where(f > SLOPE * EPSILON + 16.0 / 116.0, f * f * f, (f - 16.0 / 116.0) * (1 / SLOPE))


def luminance_to_lightness(y: Array) -> Array:
    """Return CIE L*, 0..100, of relative luminance, 0..1, of any shape."""
    return 116.0 * _f(np.asarray(y)) - 16.0


@lru_cache(maxsize=4)
def _gray_table(levels: int) -> Float32:
    """Return L* of each gray level of an 8-bit (256) or 16-bit (65,536) sRGB picture."""
    ramp = np.arange(levels, dtype=np.float64) / (levels - 1)
    return luminance_to_lightness(srgb_to_linear(ramp)).astype(np.float32)


@lru_cache(maxsize=4)
def linear_table(levels: int) -> Float32:
    """Return linear light, 0 to 1, of each level of an 8-bit (256) or 16-bit (65,536) picture."""
    ramp = np.arange(levels, dtype=np.float64) / (levels - 1)
    return srgb_to_linear(ramp).astype(np.float32)


@lru_cache(maxsize=4)
def _luminance_tables(levels: int) -> Float32:
    """Return the contribution of each level of R, G and B to luminance, in steps: (3, levels)."""
    weights = (RGB_TO_XYZ[1] * LUMINANCE_STEPS).astype(np.float32)[:, None]
    tables: Float32 = weights * linear_table(levels)
    return tables


@lru_cache(maxsize=1)
def lightness_of_luminance() -> Float32:
    """Return L* for 65,536 steps of luminance, exact to 0.007 L*."""
    luminance = np.arange(LUMINANCE_STEPS + 1) / LUMINANCE_STEPS
    return luminance_to_lightness(luminance).astype(np.float32)


@lru_cache(maxsize=1)
def levels_of_linear() -> NDArray[np.uint8]:
    """Return 8-bit sRGB for 65,536 steps of linear light; near black, 20 steps are one level."""
    linear = np.arange(LUMINANCE_STEPS + 1) / LUMINANCE_STEPS
    value = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    levels: NDArray[np.uint8] = np.rint(value * 255).astype(np.uint8)
    return levels


@lru_cache(maxsize=1)
def _looks_up_16_bits() -> bool:
    """Return whether OpenCV looks up 16-bit values, as it does since version 5."""
    try:
        cv2.LUT(np.zeros((1, 1), np.uint16), np.zeros(LUMINANCE_STEPS + 1, np.uint8))
    except cv2.error:
        return False
    return True


def _look_up(table: Array, levels: Array) -> Array:
    """Return ``table[levels]`` of uint8 or uint16 (H, W), several times as fast as NumPy does."""
    if levels.dtype == np.uint8 or _looks_up_16_bits():
        values: Array = cv2.LUT(levels, table)
        return values
    return np.take(table, levels)


def _in_steps(value: Array, scale: int = 1) -> NDArray[np.uint16]:
    """Return ``value``, float32, times ``scale``, rounded and clipped to 0..65,535."""
    steps: NDArray[np.uint16] = cv2.addWeighted(value, scale, value, 0, 0, dtype=cv2.CV_16U)
    return steps.reshape(value.shape)


def lightness(picture: Array) -> Float32:
    """Return CIE L* of an sRGB picture.

    Parameters
    ----------
    picture : uint8 or uint16 array of shape (H, W) or (H, W, 3)
        Gray or RGB, in the full range of the type.

    Returns
    -------
    float32 array of shape (H, W)
        CIE L*, 0 to 100, D65.

    Raises
    ------
    TypeError
        For arrays of other types.
    """
    if picture.dtype not in (np.uint8, np.uint16):
        raise TypeError(f"lightness() takes uint8 or uint16, not {picture.dtype}")
    levels = 256 if picture.dtype == np.uint8 else 65536
    if picture.ndim == 2:
        return _look_up(_gray_table(levels), np.ascontiguousarray(picture))
    out = np.empty(picture.shape[:2], np.float32)
    tables, by_y = _luminance_tables(levels), lightness_of_luminance()
    # In bands: the float copies of a 24-megapixel picture would be 300 MB each.
    for top in range(0, picture.shape[0], 64):
        # Plane by plane: one table for all three takes twice as long.
        red, green, blue = cv2.split(np.ascontiguousarray(picture[top : top + 64]))
        y = _look_up(tables[0], red)
        y += _look_up(tables[1], green)
        y += _look_up(tables[2], blue)
        out[top : top + 64] = _look_up(by_y, _in_steps(y))
    return out


def rgb_to_lab(rgb: Array) -> Float32:
    """Return CIELAB of sRGB at full precision.

    Parameters
    ----------
    rgb : uint8, uint16 or float array of shape (..., 3)
        SRGB in the full range of the integer type, or in 0..1.

    Returns
    -------
    float32 array of shape (..., 3)
        CIE L*, 0 to 100, a* and b*, D65.
    """
    if rgb.dtype == np.uint8 and rgb.ndim == 3:
        return _lab_of_picture(rgb)
    if rgb.dtype == np.uint8:
        linear = linear_table(256)[rgb]
    elif rgb.dtype == np.uint16:
        linear = linear_table(65536)[rgb]
    else:
        linear = srgb_to_linear(rgb)
    matrix = (RGB_TO_XYZ / WHITE[:, None]).T.astype(linear.dtype)
    f = _f(linear @ matrix)
    lab = np.empty(f.shape, np.float32)
    lab[..., 0] = 116.0 * f[..., 1] - 16.0
    lab[..., 1] = 500.0 * (f[..., 0] - f[..., 1])
    lab[..., 2] = 200.0 * (f[..., 1] - f[..., 2])
    return lab


def _lab_of_picture(rgb: Array) -> Float32:
    """Return CIELAB of a uint8 picture (H, W, 3); three times as fast as the general way."""
    table = np.repeat(linear_table(256)[None, :, None], 3, 2)
    matrix = (RGB_TO_XYZ / WHITE[:, None]).astype(np.float32)
    lab = np.empty(rgb.shape, np.float32)
    rows = max(1, (1 << 14) // max(1, rgb.shape[1]))
    for top in range(0, rgb.shape[0], rows):  # in bands, which stay in the processor's cache
        linear = cv2.LUT(np.ascontiguousarray(rgb[top : top + rows]), table)
        xyz = cv2.transform(linear, matrix)
        f = np.cbrt(xyz)
        np.copyto(f, xyz * SLOPE + 16.0 / 116.0, where=xyz <= EPSILON)
        cv2.transform(f, _LAB_OF_F, dst=lab[top : top + rows])
    return lab


def lab_to_rgb(lab: Float32) -> Float32:
    """Return sRGB in 0..1, clipped to the gamut, of CIELAB; both float32 (H, W, 3)."""
    rgb: Float32 = cv2.cvtColor(np.ascontiguousarray(lab, np.float32), cv2.COLOR_LAB2RGB)
    return rgb


def lab_to_rgb8(lab: Float32) -> NDArray[np.uint8]:
    """Return 8-bit sRGB, uint8 (H, W, 3), of CIELAB, float32 (H, W, 3), exact to 0.6 of a level.

    Since OpenCV 5 this takes two thirds of the time of :func:`lab_to_rgb`.
    """
    if not _looks_up_16_bits():
        rounded: NDArray[np.uint8] = cv2.convertScaleAbs(lab_to_rgb(lab), alpha=255)
        return rounded.reshape(lab.shape)
    linear = cv2.cvtColor(np.ascontiguousarray(lab, np.float32), cv2.COLOR_LAB2LRGB)
    return _look_up(levels_of_linear(), _in_steps(linear, LUMINANCE_STEPS))


def ab_of(rgb: Array) -> Float32:
    """Return the chroma of a picture.

    Parameters
    ----------
    rgb : uint8, uint16 or float array of shape (H, W, 3)
        SRGB in the full range of the integer type, or in 0..1; float values outside are clipped.

    Returns
    -------
    float32 array of shape (H, W, 2)
        CIE a* and b*, D65.
    """
    values = np.clip(rgb, 0, 1) if rgb.dtype.kind == "f" else rgb
    return np.ascontiguousarray(rgb_to_lab(values)[..., 1:])


def gray_rgb(
    lightness: Lightness, dtype: type[np.uint8] | type[np.uint16] | type[np.float32] = np.uint8
) -> Array:
    """Return the gray picture of a lightness.

    Parameters
    ----------
    lightness : float32 array of shape (H, W)
        CIE L*, 0 to 100.
    dtype : type, optional
        ``numpy.uint8``, ``numpy.uint16``, or ``numpy.float32`` for values from 0 to 1.

    Returns
    -------
    array of ``dtype`` of shape (H, W, 3)
        sRGB with equal channels. The lightness of an 8-bit gray picture gives its values back; that
        of a 16-bit picture gives them back to a tenth of an 8-bit level.
    """
    gray = np.empty((*lightness.shape, 3), dtype)
    rows = max(1, _BAND // max(1, lightness.shape[1]))
    for top in range(0, len(lightness), rows):
        band = np.ascontiguousarray(lightness[top : top + rows])
        lab = cv2.merge([band, np.zeros_like(band), np.zeros_like(band)]).reshape(*band.shape, 3)
        # The green channel for all three: rounding would tint some pixels.
        if dtype is np.uint8:
            gray[top : top + rows] = lab_to_rgb8(lab)[..., 1:2]
        else:
            green = lab_to_rgb(lab).reshape(*band.shape, 3)[..., 1:2]
            is_float = dtype is np.float32
            gray[top : top + rows] = green if is_float else np.rint(green * np.float32(65535))
    return gray


def lab_to_linear_rgb(lab: Array) -> Array:
    """Return linear RGB of CIELAB (..., 3), not clipped: values outside 0..1 are out of gamut."""
    lab = np.asarray(lab)
    fy = (lab[..., 0] + 16.0) / 116.0
    f = np.stack([fy + lab[..., 1] / 500.0, fy, fy - lab[..., 2] / 200.0], axis=-1)
    rgb: Array = (decode_f(f) * WHITE) @ np.linalg.inv(RGB_TO_XYZ).T
    return rgb
