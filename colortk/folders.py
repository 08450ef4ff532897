"""Which files of a folder are pictures."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from colortk.errors import UsageError
from colortk.images import FORMATS


def endings() -> set[str]:
    """File name endings of pictures that can be read, lower-case, each with its dot."""
    Image.init()
    return {ending for ending, name in Image.registered_extensions().items() if name in FORMATS}


def find(folder: Path) -> list[Path]:
    """All picture files under ``folder``, sorted. Raises ``UsageError`` if there are none."""
    if not folder.is_dir():
        raise UsageError(f"no folder '{folder}'", "pictures are read from a folder")
    known = endings()
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in known and p.is_file())
    if not paths:
        raise UsageError(f"no pictures in '{folder}'", "it holds no file of a known picture type")
    return paths
