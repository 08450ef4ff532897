"""Originals with the same pixels: found after decoding, whatever the files hold besides."""

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
    """Find originals whose pixels, as the protocol scores them, are those of an earlier one.

    Parameters
    ----------
    originals : iterable of str
        SHA-256 of the originals' files, in order: the first of equal ones is the one that counts.
    pictures : mapping of str to PictureRow
        What is known of the originals. Those that are not among them are not compared.

    Returns
    -------
    dict of str to str
        For every repeat the original that counts in its stead.
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
