"""Packed datasets: decoded pictures in flat files that are read at random without decoding.

A packed dataset is a folder with

- ``dataset.json``: description of the content by source folder, with sources and terms;
- ``NNN.pixels``: the pictures of source folder NNN, uint8 RGB, one after the other;
- ``NNN.npz``: their names, offsets, heights, widths and difference hashes.

The pixels are mapped into memory, so that the system caches the used parts for all processes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from colortk.errors import ArtifactError
from colortk.io.regular_files import open_regular, read_regular
from colortk.types import Array

#: Name of the description, and the kind and version that it states.
DESCRIPTION = "dataset.json"
KIND, VERSION = "colortk packed dataset", 1


@dataclass(frozen=True)
class PackedFolder:
    """The pictures of one source folder.

    Parameters
    ----------
    name
        Path of the source folder below the dataset, as POSIX text.
    names
        File names of the pictures.
    offsets
        int64 (N,), byte of the first pixel in the file of pixels.
    shapes
        int32 (N, 2), height and width in pixels.
    hashes
        uint64 (N,), see :func:`colortk.io.difference_hash.difference_hash`.
    pixels
        uint8, one dimension, mapped from the file.
    """

    name: str
    names: list[str]
    offsets: Array
    shapes: Array
    hashes: Array
    pixels: Array

    def picture(self, index: int) -> Array:
        """Return picture ``index``, uint8 (H, W, 3), read-only."""
        height, width = (int(side) for side in self.shapes[index])
        start = int(self.offsets[index])
        return self.pixels[start : start + 3 * height * width].reshape(height, width, 3)


class PackedDataset:
    """The packed dataset in the folder ``root``.

    ``paths``: sorted paths that the pictures would have as files below ``root``.

    Raises
    ------
    ArtifactError
        A file is missing, damaged, or of another version.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.description = read_description(root)
        self._places: dict[Path, tuple[PackedFolder, int]] = {}
        for row in self.description["folders"]:
            folder = read_folder(root, row)
            for index, name in enumerate(folder.names):
                self._places[root / folder.name / name] = folder, index
        self.paths = sorted(self._places)

    def read(self, path: Path) -> Array:
        """Return the picture at ``path``, uint8 (H, W, 3), sRGB, read-only."""
        folder, index = self._places[path]
        return folder.picture(index)


def dataset_hashes(root: Path) -> list[int]:
    """Return the hashes of all pictures of the packed dataset in ``root``."""
    rows = read_description(root)["folders"]
    return [int(value) for row in rows for value in read_folder(root, row).hashes]


def is_packed(folder: Path) -> bool:
    """Whether ``folder`` holds a packed dataset."""
    return (folder / DESCRIPTION).is_file()


def read_description(root: Path) -> dict[str, Any]:
    """Return the content of ``dataset.json``. Raises ``ArtifactError``."""
    path = root / DESCRIPTION
    try:
        description: dict[str, Any] = json.loads(read_regular(path))
        kind, version = description["kind"], description["version"]
        if kind != KIND or version != VERSION or not isinstance(description["folders"], list):
            raise ValueError(f"it is '{kind}' version {version}, not '{KIND}' version {VERSION}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, error) from error
    return description


def read_folder(root: Path, row: dict[str, Any]) -> PackedFolder:
    """Return the source folder that ``row`` of the description names. Raises ``ArtifactError``."""
    path = root / f"{row['file']}.pixels"
    try:
        with (
            open_regular(root / f"{row['file']}.npz") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            names = [str(name) for name in stored["names"]]
            offsets, shapes, hashes = stored["offsets"], stored["shapes"], stored["hashes"]
        sizes = 3 * np.prod(shapes.astype(np.int64), axis=1)
        end = int((offsets + sizes).max(initial=0))
        if len({len(names), len(offsets), len(shapes), len(hashes), row["pictures"]}) > 1:
            raise ValueError("the index contradicts the description")
        if path.stat().st_size != end or (offsets < 0).any() or (sizes <= 0).any():
            raise ValueError(f"it has {path.stat().st_size:,} bytes, not {end:,}")
        pixels = np.memmap(path, np.uint8, "r") if end else np.empty(0, np.uint8)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise _unusable(path, error) from error
    return PackedFolder(str(row["name"]), names, offsets, shapes, hashes, pixels)


def _unusable(path: Path, error: Exception) -> ArtifactError:
    reason = getattr(error, "strerror", None) or str(error)
    return ArtifactError(f"cannot use the packed dataset file '{path}'", reason, "pack it again")
