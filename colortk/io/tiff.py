"""TIFF pictures, decoded completely or refused.

The layout is checked first (``tiff_layout``), then every strip or tile is decoded by a codec that
reports damage (``tiff_codecs``), put together (``tiff_samples``) and converted to sRGB
(``tiff_colors``). No sample of the result comes from anywhere but the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from colortk.errors import DamagedPictureError, PictureError
from colortk.io import tiff_codecs, tiff_limits
from colortk.io.tiff_colors import to_srgb
from colortk.io.tiff_layout import CodecUnavailable, Layout, layout_of, name_of, refused
from colortk.io.tiff_samples import Damaged, read_samples
from colortk.io.tiff_tags import read_directories as directories_of
from colortk.types import Array


@dataclass
class TiffImage:
    """The first page of a TIFF.

    ``pixels``: uint8 or uint16, (H, W) gray or (H, W, 3) sRGB, as stored: ``orientation`` (1 to 8)
    is not applied. ``alpha``: same dtype, (H, W), or ``None``. ``missing``: ranges of rows
    (first, last), as stored, of which pixels are missing and were made gray.
    """

    pixels: Array
    alpha: Array | None
    orientation: int
    dpi: tuple[Any, Any] | None
    notes: list[str] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)


def decode(data: bytes, name: str, max_pixels: int, allow_truncated: bool = False) -> TiffImage:
    """Decode the first page of a TIFF or BigTIFF.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Name of the file in messages.
    max_pixels : int
        The most pixels that it may have.
    allow_truncated : bool
        Decode the present part of a damaged file; the rest is gray, and ``missing`` lists its rows.

    Returns
    -------
    TiffImage

    Raises
    ------
    PictureError
        The file is damaged, too large, or of a kind that is not read.
    """
    notes: list[str] = []
    try:
        stated = tiff_limits.check(data)
        if stated and stated[0] * stated[1] > max_pixels:
            raise _too_large_error(name, stated, max_pixels)
        layout = layout_of(data, name, max_pixels, partial=allow_truncated)
        _check_kind(layout, name)
        _check_size(layout, data, name)
        tiff_codecs.check_segment_count(layout)
        if layout.more_pages:
            notes.append(f"'{name}' has several pages or frames: only the first is used")
        samples, present = read_samples(data, layout, partial=allow_truncated)
        if not present.any():
            raise Damaged("none of its pixels can be decoded")
        pixels, alpha = to_srgb(samples, layout, name, notes)
    except (tiff_limits.Absurd, Damaged, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DamagedPictureError(
            f"cannot read '{name}'", f"the file is damaged: {reason}"
        ) from None
    except CodecUnavailable as error:
        problem = f"its compression ({name_of(layout.compression)}) is not supported"
        raise refused(name, problem, str(error)) from None
    missing: list[tuple[int, int]] = []
    if not present.all():
        pixels, alpha = pixels.copy(), None if alpha is None else alpha.copy()
        missing = _fill(pixels, alpha, present)
    turn = layout.tags.get(274, 1)
    return TiffImage(
        pixels, alpha, turn if turn in range(1, 9) else 1, _dpi(layout.tags), notes, missing
    )


def _too_large_error(name: str, size: tuple[int, int], max_pixels: int) -> PictureError:
    return PictureError(
        f"cannot read '{name}'",
        f"{size[0]} × {size[1]} pixels is over the limit of {max_pixels:,} pixels",
        "if you trust the file, raise --max-pixels",
    )


def _check_kind(layout: Layout, name: str) -> None:
    """Refuse TIFFs that programs read in different ways."""
    tags, compression = layout.tags, layout.compression
    if 50706 in tags:
        hint = "develop it with a raw converter and export a TIFF"
        raise refused(name, "it is a raw photograph (DNG)", hint)
    images = tiff_codecs.returns_samples(compression)
    if layout.predictor != 1 and not images:
        is_supported = layout.predictor == 2 and layout.bits % 8 == 0
        is_supported |= layout.predictor == 3 and layout.kind == "f"
        if not is_supported or compression in (*tiff_codecs.NONE, 32773):
            predictor = f"predictor {layout.predictor} with {layout.bits} bits"
            with_compression = f"{predictor} and compression '{name_of(compression)}'"
            raise refused(name, f"{with_compression} has no agreed meaning")
    if layout.photometric == 6 and not images and tags.get(530, (2, 2)) not in (1, (1, 1)):
        raise refused(name, "its YCbCr colors are subsampled without JPEG, which is not supported")


def _check_size(layout: Layout, data: bytes, name: str) -> None:
    """Refuse a file whose first picture is marked as a reduced copy of another page."""
    if not _is_reduced(layout.tags):
        return
    for other in directories_of(data, (254, 255, 256, 257))[1:]:
        sizes = [value for tag in (256, 257) for value in other.get(tag, ())]
        values_by_tag = {tag: value[0] for tag, value in other.items() if value}
        if not _is_reduced(values_by_tag) and len(sizes) == 2 and int(sizes[0]) > layout.width:
            hint = "export the full picture as the first page of a TIFF"
            problem = "its first picture is a small copy of another picture in the file"
            raise refused(name, problem, hint)


def _is_reduced(tags: Mapping[int, Any]) -> bool:
    kind = tags.get(254, 0)
    return bool(isinstance(kind, int) and kind & 1) or tags.get(255) == 2


def _fill(pixels: Array, alpha: Array | None, present: Array) -> list[tuple[int, int]]:
    """Make missing pixels gray and opaque, and return the ranges of their rows."""
    maximum = int(np.iinfo(pixels.dtype).max)
    pixels[~present] = (maximum + 1) // 2
    if alpha is not None:
        alpha[~present] = maximum
    rows = np.flatnonzero(~present.all(1))
    if not len(rows):
        return []
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return [(int(run[0]), int(run[-1])) for run in runs]


def _dpi(tags: dict[int, Any]) -> tuple[Any, Any] | None:
    """Resolution in dots per inch; a resolution without a unit is none."""
    x, y, unit = tags.get(282), tags.get(283), tags.get(296, 2)
    if not x or not y or unit not in (2, 3):
        return None
    return (x, y) if unit == 2 else (x * 2.54, y * 2.54)
