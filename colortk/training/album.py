"""Training pictures, decoded once and kept in memory as far as there is room."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from colortk._cv import cv2
from colortk.color import Array
from colortk.images import decode, read_bytes

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

    May be read by several threads. Raises ``PictureError`` for a file that is no picture.
    """

    def __init__(
        self, paths: Sequence[Path], allowed: int | None = None, short: int = SHORT
    ) -> None:
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
        with self._lock:
            if index not in self._kept and picture.nbytes <= self._room:
                self._kept[index] = picture
                self._room -= picture.nbytes
        return picture

    def only(self, indices: Sequence[int]) -> Album:
        """An album of some of these pictures, in that order; what was kept stays kept."""
        some = Album([self.paths[i] for i in indices], self._room, self._short)
        some._kept = {k: self._kept[i] for k, i in enumerate(indices) if i in self._kept}
        return some

    def _read(self, path: Path) -> Array:
        pixels = decode(read_bytes(path), str(path)).pixels
        if pixels.dtype == np.uint16:
            pixels = (pixels >> 8).astype(np.uint8)
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[..., None], 3, 2)
        height, width = pixels.shape[:2]
        if min(height, width) > self._short:
            scale = self._short / min(height, width)
            shape = (max(1, round(width * scale)), max(1, round(height * scale)))
            pixels = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(pixels)


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
