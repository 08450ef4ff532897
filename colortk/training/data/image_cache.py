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
SHARE = 0.25
#: The same in bytes, where the system does not tell how much memory it has.
ROOM = 1 << 30
#: Where Linux says how much memory a container may have (cgroups 2 and 1).
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
#: Pictures are reduced to this short side: no network here learns from larger ones.
SHORT = 288


class Album:
    """``album[i]``: picture ``i``, uint8 (H, W, 3), sRGB, short side at most ``SHORT``.

    ``source`` has the pictures at ``paths``. May be read by several threads. Raises ``PictureError`` for a file that is no picture.
    """

    def __init__(
        self,
        source: PictureSource,
        paths: Sequence[Path],
        allowed: int | None = None,
        short: int = SHORT,
    ) -> None:
        self.source = source
        self.paths = list(paths)
        self._short = short
        self._kept: dict[int, Array] = {}
        self._room = room() if allowed is None else allowed
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Array:
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        picture = self._read(self.paths[index])
        if isinstance(self.source, PackedDataset):  # in memory already, shared by the system
            return picture
        with self._lock:
            if index not in self._kept and picture.nbytes <= self._room:
                self._kept[index] = picture
                self._room -= picture.nbytes
        return picture

    def only(self, indices: Sequence[int]) -> Album:
        """An album of some of these pictures, in that order; what was kept stays kept."""
        some = Album(self.source, [self.paths[i] for i in indices], self._room, self._short)
        some._kept = {k: self._kept[i] for k, i in enumerate(indices) if i in self._kept}
        return some

    def _read(self, path: Path) -> Array:
        return shrink(self.source.read(path), self._short)


def room() -> int:
    """Bytes that decoded pictures may take: a share of the machine's or the container's memory."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not on Windows
        return ROOM
    for limit in _LIMITS:
        with contextlib.suppress(OSError, ValueError):  # ValueError: "max"
            memory = min(memory, int(Path(limit).read_text()))
    return int(SHARE * memory)
