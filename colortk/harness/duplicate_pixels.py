"""Originals with the same pixels after decoding, whatever else their files contain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from colortk.types import Array

if TYPE_CHECKING:
    from colortk.harness.records import PictureRow


def pixel_digest(pixels: Array) -> str:
    """Return the SHA-256 (hex) of an array's dtype, shape and values."""
    total = hashlib.sha256(f"{pixels.dtype} {pixels.shape} ".encode())
    total.update(pixels.tobytes())
    return total.hexdigest()


def duplicate_pixels(
    originals: Iterable[str], pictures: Mapping[str, PictureRow]
) -> dict[str, str]:
    """Find originals with the same prepared pixels as an earlier original.

    Parameters
    ----------
    originals : iterable of str
        SHA-256 of the originals' files, in order; the first of several equal ones is kept.
    pictures : mapping of str to PictureRow
        The originals that are compared, with the digests of their pixels.

    Returns
    -------
    dict of str to str
        For every duplicate, the original that is kept.
    """
    first: dict[str, str] = {}
    repeats: dict[str, str] = {}
    for original in originals:
        row = pictures.get(original)
        if row is None or not row.pixels:
            continue
        counting = first.setdefault(row.pixels, original)
        if counting != original:
            repeats[original] = counting
    return repeats
