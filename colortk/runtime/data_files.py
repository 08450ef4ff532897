"""Find the data files of a package: files that its code may read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

#: Types that do not count beside modules: documentation, web pages, and illustrations.
_ILLUSTRATIONS = frozenset(
    (
        ".css",
        ".csv",
        ".gif",
        ".html",
        ".in",
        ".jpeg",
        ".jpg",
        ".js",
        ".png",
        ".svg",
        ".txt",
        ".webp",
    )
)
_NON_DATA_SUFFIXES = frozenset((".md", ".py", ".pyc", ".pyi", ".rst", ".typed"))
_MANIFEST = "manifest.json"


def data_files(folder: Path) -> Iterator[Path]:
    """Yield the data files of the package in ``folder``, in order.

    These are all files in subfolders that are not packages, and the files beside the modules that
    are not documentation. Files that a ``manifest.json`` beside them lists are left out: their
    digests are verified when they are read.
    """
    yield from _in_folder(folder, _NON_DATA_SUFFIXES | _ILLUSTRATIONS)


def _in_folder(folder: Path, left_out: frozenset[str]) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in entries}
    listed = _listed(folder / _MANIFEST) if _MANIFEST in names else frozenset()
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith((".", "__pycache__")) or entry.name in listed:
            continue
        if entry.is_dir(follow_symlinks=False):
            if not (path / "__init__.py").exists():
                yield from _in_folder(path, _NON_DATA_SUFFIXES)
        elif entry.is_file() and path.suffix.lower() not in left_out:
            yield path


def _listed(manifest: Path) -> frozenset[str]:
    try:
        return frozenset(json.loads(manifest.read_bytes())["artifacts"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
