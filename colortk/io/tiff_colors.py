"""Samples of a TIFF to sRGB: bit depths, white is zero, palettes, alpha, CMYK, CIELAB, profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from colortk.io import tiff_codecs
from colortk.io.bit_depth import to_8_bits
from colortk.io.icc import profiled_8, profiled_16
from colortk.io.icc_matrix import lab_to_srgb
from colortk.io.tiff_layout import Layout, refused
from colortk.types import Array

_ASSOCIATED, _UNASSOCIATED = 1, 2
#: Rows that are computed at once where an intermediate is larger than the result.
_BLOCK_ROWS = 256


def to_srgb(
    samples: Array, layout: Layout, name: str, notes: list[str]
) -> tuple[Array, Array | None]:
    """Convert samples to pixels.

    Parameters
    ----------
    samples : ndarray, (height, width, channels)
        Samples as stored in the file.
    layout : Layout
        Layout that states the meaning of the samples.
    name : str
        Name of the file in messages.
    notes : list of str
        Gets a line for each thing that is lost or assumed.

    Returns
    -------
    pixels : ndarray of uint8 or uint16, (height, width) or (height, width, 3)
        Gray or sRGB, not premultiplied, not turned.
    alpha : ndarray of the same dtype, (height, width), or None
        Opacity.

    Raises
    ------
    PictureError
        The samples are of a kind that is not read.
    """
    colors = samples[..., : layout.colors]
    alpha, premultiplied = _alpha(samples, layout, name, notes)
    if layout.kind == "f":
        notes.append(
            f"'{name}': its floating-point samples, from 0 to 1, were converted to 16 bits"
        )
    if alpha is not None:
        alpha = _full_range(alpha, layout, name)
    if layout.photometric == 3:
        colors = _palette(colors[..., 0], layout)
        if alpha is not None and alpha.dtype != np.uint8:
            alpha = to_8_bits(alpha)
    else:
        colors = _full_range(colors, layout, name)
    if alpha is not None and premultiplied:
        colors = _divided(colors, alpha)
    colors = colors.squeeze(2) if colors.shape[2] == 1 else colors
    if layout.photometric == 0:
        colors = np.iinfo(colors.dtype).max - colors
    return _converted(colors, layout, name, notes), alpha


def _alpha(
    samples: Array, layout: Layout, name: str, notes: list[str]
) -> tuple[Array | None, bool]:
    """Return the samples of the alpha channel, and whether colors were multiplied by it."""
    count = layout.samples - layout.colors
    kinds = layout.extra
    if not kinds and count == 1:
        kinds = (_UNASSOCIATED,)  # OpenCV and others write alpha without saying so
    offset = next((n for n, kind in enumerate(kinds) if kind in (_ASSOCIATED, _UNASSOCIATED)), None)
    unused_channels = count - (offset is not None)
    if unused_channels:
        notes.append(
            f"'{name}': {unused_channels} of its channels are neither color nor alpha: ignored"
        )
    if offset is None:
        return None, False
    return samples[..., layout.colors + offset], kinds[offset] == _ASSOCIATED


def _full_range(values: Array, layout: Layout, name: str) -> Array:
    """Scale to all of 8 or 16 bits."""
    if layout.kind == "f":
        return _by_rows(values, np.uint16, lambda part: _from_float(part, name))
    if layout.bits in (8, 16):
        return values
    wide = 8 if layout.bits < 8 else 16
    maximum, full = (1 << layout.bits) - 1, (1 << wide) - 1
    table = (np.arange(maximum + 1, dtype=np.uint32) * full + maximum // 2) // maximum
    return table.astype(f"u{wide // 8}")[values]


def _from_float(values: Array, name: str) -> Array:
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise refused(
            name,
            "its floating-point samples are not from 0 to 1",
            "convert it to 16 bits a channel",
        )
    return np.rint(values.astype(np.float64) * 65535)


def _by_rows(values: Array, kind: Any, convert: Callable[[Array], Array]) -> Array:
    out = np.empty(values.shape, kind)
    for top in range(0, len(values), _BLOCK_ROWS):
        out[top : top + _BLOCK_ROWS] = convert(values[top : top + _BLOCK_ROWS])
    return out


def _palette(indexes: Array, layout: Layout) -> Array:
    entries = layout.tags.get(320, ())
    size = 1 << layout.bits
    if layout.kind != "u" or not isinstance(entries, tuple) or len(entries) != 3 * size:
        count = len(entries) if isinstance(entries, tuple) else 0
        raise ValueError(f"its palette has {count:,} numbers, and its pixels need {3 * size:,}")
    table: Array = np.array(entries, np.uint16).reshape(3, size).T
    # Some writers store 8-bit values, either unchanged or in the upper byte. Unchanged values are
    # recognized because they are small, as in libtiff.
    if table.max() < 256:
        return table.astype(np.uint8)[indexes]
    if not (table & 255).any():
        return (table >> 8).astype(np.uint8)[indexes]
    return to_8_bits(table)[indexes]


def _divided(colors: Array, alpha: Array) -> Array:
    """Undo the multiplication of colors by alpha; where alpha is 0, colors are 0."""
    maximum = int(np.iinfo(colors.dtype).max)
    out = np.empty_like(colors)
    for top in range(0, len(colors), _BLOCK_ROWS):
        opacity = alpha[top : top + _BLOCK_ROWS, :, None].astype(np.uint32)
        part = colors[top : top + _BLOCK_ROWS].astype(np.uint32) * maximum + opacity // 2
        out[top : top + _BLOCK_ROWS] = np.minimum(part // np.maximum(opacity, 1), maximum) * (
            opacity > 0
        )
    return out


def _converted(colors: Array, layout: Layout, name: str, notes: list[str]) -> Array:
    """Convert to gray or sRGB by the photometric interpretation and the profile."""
    photometric, profile = layout.photometric, layout.tags.get(34675)
    profile = profile if isinstance(profile, bytes) else None
    if photometric in (8, 9):
        return _from_lab(colors, photometric, name)
    if photometric == 6 and not _is_rgb_already(layout):
        if colors.dtype != np.uint8:
            raise refused(name, "its pixels are YCbCr of 16 bits, which is not supported")
        colors = np.asarray(_as_image(colors, "YCbCr").convert("RGB"))
    if photometric == 5:
        return _from_cmyk(colors, profile, layout, name, notes)
    if colors.dtype == np.uint16:
        return profiled_16(colors, profile, notes, name)
    if profile:
        return np.asarray(profiled_8(Image.fromarray(colors), profile, notes, name))
    return np.ascontiguousarray(colors)


def _is_rgb_already(layout: Layout) -> bool:
    """Whether the decoder of the segments has converted YCbCr to RGB."""
    return layout.planes == 1 and tiff_codecs.converts_colors(layout.compression)


def _as_image(pixels: Array, mode: str) -> Image.Image:
    size = (pixels.shape[1], pixels.shape[0])
    return Image.frombytes(mode, size, np.ascontiguousarray(pixels).tobytes())


def _from_cmyk(
    colors: Array, profile: bytes | None, layout: Layout, name: str, notes: list[str]
) -> Array:
    if layout.tags.get(332, 1) != 1:
        raise refused(name, "its inks are not cyan, magenta, yellow and black")
    if colors.dtype == np.uint16 and profile:
        notes.append(
            f"'{name}': its 16-bit CMYK colors were reduced to 8 bits for the conversion to sRGB"
        )
        colors = to_8_bits(colors)
    if colors.dtype == np.uint16:
        out = np.empty((*colors.shape[:2], 3), np.uint16)
        for top in range(0, len(colors), _BLOCK_ROWS):
            light = 65535 - colors[top : top + _BLOCK_ROWS].astype(np.uint32)
            out[top : top + _BLOCK_ROWS] = (light[..., :3] * light[..., 3:] + 32767) // 65535
        return out
    image = _as_image(colors, "CMYK")
    if profile:
        image = profiled_8(image, profile, notes, name)
    return np.asarray(image.convert("RGB"))


def _from_lab(colors: Array, photometric: int, name: str) -> Array:
    """Convert CIELAB, D50: a* and b* are signed in TIFF's encoding, shifted in ICC's encoding."""
    lab = np.empty(colors.shape, np.float32)
    lab[..., 0] = colors[..., 0] * np.float32(100 / np.iinfo(colors.dtype).max)
    unit = 1 if colors.dtype == np.uint8 else 256
    chroma = colors[..., 1:]
    if photometric == 8:
        lab[..., 1:] = chroma.view(np.int8 if unit == 1 else np.int16).astype(np.float32) / unit
    else:
        lab[..., 1:] = chroma.astype(np.float32) / unit - 128
    return lab_to_srgb(lab, colors.dtype)
