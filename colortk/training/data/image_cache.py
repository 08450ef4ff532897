"""Decode training pictures once and keep them in memory as far as it suffices."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from colortk.training.data.packed import PackedDataset
from colortk.training.data.source import PictureSource, shrink
from colortk.types import Array

#: Share of the memory for decoded pictures; other pictures are decoded whenever they are used.
MEMORY_SHARE = 0.25
#: The same in bytes, where the size of the memory is unknown.
DEFAULT_BUDGET = 1 << 30
#: Files with the memory limit of a Linux container (cgroups 2 and 1).
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
#: Largest short side, in pixels: no network here is trained on larger pictures.
MAX_SHORT_SIDE = 288


class ImageCache:
    """Pictures by index: ``images[i]`` is uint8 (H, W, 3), sRGB.

    Several threads may read it.

    Parameters
    ----------
    source : PictureSource
        Reads the pictures.
    paths : sequence of Path
        The pictures, in the order of their indices.
    budget : int, optional
        Bytes that decoded pictures may take; by default :func:`cache_budget`.
    max_short_side : int
        Larger pictures are reduced to this short side, in pixels.

    Raises
    ------
    PictureError
        Reading ``images[i]``: the file cannot be decoded.
    """

    def __init__(
        self,
        source: PictureSource,
        paths: Sequence[Path],
        budget: int | None = None,
        max_short_side: int = MAX_SHORT_SIDE,
    ) -> None:
        self.source = source
        self.paths = list(paths)
        self._max_short_side = max_short_side
        self._pictures: dict[int, Array] = {}
        self._budget = cache_budget() if budget is None else budget
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Array:
        picture = self._pictures.get(index)
        if picture is not None:
            return picture
        picture = self._read(self.paths[index])
        if isinstance(self.source, PackedDataset):  # mapped into memory already
            return picture
        with self._lock:
            if index not in self._pictures and picture.nbytes <= self._budget:
                self._pictures[index] = picture
                self._budget -= picture.nbytes
        return picture

    def subset(self, indices: Sequence[int]) -> ImageCache:
        """Return the pictures at ``indices``, in that order; decoded pictures stay in memory."""
        subset = ImageCache(
            self.source, [self.paths[i] for i in indices], self._budget, self._max_short_side
        )
        subset._pictures = {
            k: self._pictures[i] for k, i in enumerate(indices) if i in self._pictures
        }
        return subset

    def _read(self, path: Path) -> Array:
        return shrink(self.source.read(path), self._max_short_side)


def cache_budget() -> int:
    """Return the bytes that decoded pictures may take, a share of the available memory."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return DEFAULT_BUDGET
    for limit in _LIMITS:
        with contextlib.suppress(OSError, ValueError):  # ValueError: "max"
            memory = min(memory, int(Path(limit).read_text()))
    return int(MEMORY_SHARE * memory)
