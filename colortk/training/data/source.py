"""Sources of training pictures: a folder of picture files, or a packed dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from colortk._opencv import cv2
from colortk.errors import PictureError
from colortk.io.bit_depth import to_rgb8
from colortk.io.decode import decode, read_bytes
from colortk.io.discovery import find_pictures
from colortk.training.data.packed import PackedDataset, is_packed
from colortk.types import Array


class PictureSource(Protocol):
    """Pictures by path. ``paths`` is sorted; the paths of a packed dataset are no files."""

    paths: list[Path]

    def read(self, path: Path) -> Array:
        """Return a picture, uint8 (H, W, 3), sRGB. Raises ``PictureError``."""
        ...

    def file_content(self, path: Path) -> bytes:
        """Return a picture file with these pixels. Raises ``PictureError``."""
        ...


class FolderSource:
    """The picture files under ``root``. Raises ``UsageError`` if there are none."""

    def __init__(self, root: Path) -> None:
        self.paths = find_pictures(root)

    def read(self, path: Path) -> Array:
        """Decode the file at ``path``, see :class:`PictureSource`."""
        return decode_rgb8(read_bytes(path), str(path))

    def file_content(self, path: Path) -> bytes:
        """Return the file's content."""
        return read_bytes(path)


class PackedSource(PackedDataset):
    """A packed dataset as a source."""

    def file_content(self, path: Path) -> bytes:
        """Return the picture as PNG."""
        success, content = cv2.imencode(".png", self.read(path)[..., ::-1])
        if not success:
            raise PictureError(f"cannot encode '{path}' as PNG")
        return bytes(content.tobytes())


def picture_source(root: Path) -> PictureSource:
    """Return the pictures under ``root``, of a packed dataset if it holds one.

    Raises ``UsageError`` (no folder, no pictures) or ``ArtifactError`` (damaged dataset).
    """
    return PackedSource(root) if is_packed(root) else FolderSource(root)


def decode_rgb8(content: bytes, name: str) -> Array:
    """Decode a picture file to uint8 (H, W, 3), sRGB. Raises ``PictureError``."""
    pixels = decode(content, name).pixels
    return np.ascontiguousarray(to_rgb8(pixels))


def shrink(pixels: Array, short_side: int) -> Array:
    """Reduce uint8 (H, W, 3) to a short side of at most ``short_side`` pixels; never enlarge."""
    height, width = pixels.shape[:2]
    if min(height, width) <= short_side:
        return pixels
    scale = short_side / min(height, width)
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    small: Array = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA)
    return small
