"""Training pictures, decoded once and kept in memory as far as there is room."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from colortk.training.data.packed import PackedDataset
from colortk.training.data.source import PictureSource, shrink
from colortk.types import Array

#: Decoded pictures that are kept, as a share of the memory; the rest is decoded whenever wanted.
MEMORY_SHARE = 0.25
#: The same in bytes, where the system does not tell how much memory it has.
DEFAULT_BUDGET = 1 << 30
#: Where Linux says how much memory a container may have (cgroups 2 and 1).
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
#: Pictures are reduced to this short side: no network here learns from larger ones.
MAX_SHORT_SIDE = 288


class ImageCache:
    """``images[i]``: picture ``i``, uint8 (H, W, 3), sRGB, short side at most ``SHORT``.

    ``source`` has the pictures at ``paths``. May be read by several threads. Raises ``PictureError`` for a file that is no picture.
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
        if isinstance(self.source, PackedDataset):  # in memory already, shared by the system
            return picture
        with self._lock:
            if index not in self._pictures and picture.nbytes <= self._budget:
                self._pictures[index] = picture
                self._budget -= picture.nbytes
        return picture

    def subset(self, indices: Sequence[int]) -> ImageCache:
        """An images of subset of these pictures, in that order; what was kept stays kept."""
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
    """Bytes that decoded pictures may take: a share of the machine's or the container's memory."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on Windows
        return DEFAULT_BUDGET
    for limit in _LIMITS:
        with contextlib.suppress(OSError, ValueError):  # ValueError: "max"
            memory = min(memory, int(Path(limit).read_text()))
    return int(MEMORY_SHARE * memory)
