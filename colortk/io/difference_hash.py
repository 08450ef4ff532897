"""64-bit difference hashes, and a search for hashes that are nearly equal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from itertools import pairwise
from typing import Literal

import numpy as np

from colortk._opencv import cv2
from colortk.types import Array

#: Bits of a hash.
HASH_BITS = 64
#: Both ends of a row of equal values.
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


def difference_hash(pixels: Array) -> int:
    """Return the 64-bit difference hash of a picture.

    Each bit says whether the brightness rises between two neighbors of a row, in the picture
    reduced to 8 rows of 9 pixels. Copies of other sizes, qualities or colors differ in few bits.

    Parameters
    ----------
    pixels
        uint8 (H, W) gray or (H, W, 3) sRGB.

    Returns
    -------
    int
        0 to 2**64 - 1; the first row is in the highest bits.

    References
    ----------
    N. Krawetz (2013), "Kind of Like That", The Hacker Factor Blog.

    Examples
    --------
    >>> import numpy as np
    >>> rising = np.tile(np.arange(9, dtype=np.uint8), (8, 1))
    >>> difference_hash(rising) == 2**64 - 1
    True
    """
    gray = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (9, 8), interpolation=cv2.INTER_AREA)
    bits = np.packbits(small[:, 1:] > small[:, :-1])
    return int.from_bytes(bits.tobytes(), "big")


class HashIndex:
    """A set of 64-bit hashes that finds those within ``radius`` bits of another one.

    The hash is cut into ``radius`` + 1 parts. Of two hashes that differ in at most ``radius``
    bits at least one part is equal, so that only hashes with an equal part are compared.
    """

    def __init__(self, radius: int) -> None:
        self.radius = radius
        self._parts = _parts(radius)
        self._tables: list[dict[int, list[int]]] = [defaultdict(list) for _ in self._parts]

    def add(self, value: int) -> None:
        """Add a hash."""
        for table, (shift, mask) in zip(self._tables, self._parts, strict=True):
            table[value >> shift & mask].append(value)

    def __contains__(self, value: int) -> bool:
        """Whether a hash within ``radius`` bits of ``value`` was added."""
        return any(
            (other ^ value).bit_count() <= self.radius
            for table, (shift, mask) in zip(self._tables, self._parts, strict=True)
            for other in table.get(value >> shift & mask, ())
        )


class SortedHashes:
    """The same for hashes that are known from the start, in a fifth of the time.

    Parameters
    ----------
    values : collection of int
        The hashes.
    radius : int
        Bits in which hashes may differ.
    """

    def __init__(self, values: Collection[int], radius: int) -> None:
        self.radius = radius
        self._parts = _parts(radius)
        hashes = np.fromiter(values, np.uint64, len(values))
        self._tables = []
        for shift, mask in self._parts:
            keys = hashes >> np.uint64(shift) & np.uint64(mask)
            order = np.argsort(keys)
            self._tables.append((keys[order], hashes[order]))

    def __contains__(self, value: int) -> bool:
        """Whether a hash within ``radius`` bits of ``value`` is among them."""
        for (keys, hashes), (shift, mask) in zip(self._tables, self._parts, strict=True):
            key = np.uint64(value >> shift & mask)
            begin, end = (int(np.searchsorted(keys, key, side)) for side in _SIDES)
            near = hashes[begin:end].tolist()
            if any((other ^ value).bit_count() <= self.radius for other in near):
                return True
        return False


def _parts(radius: int) -> list[tuple[int, int]]:
    """Return shift and mask of each of ``radius`` + 1 parts of a hash."""
    edges = [HASH_BITS * part // (radius + 1) for part in range(radius + 2)]
    return [(low, (1 << (high - low)) - 1) for low, high in pairwise(edges)]
