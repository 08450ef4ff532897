"""Which files of a folder are pictures, and which are films."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from colortk.errors import UsageError
from colortk.io.foreign import plugin_endings
from colortk.opening import FORMATS


def endings() -> set[str]:
    """File name endings of pictures that can be read, lower-case, each with its dot."""
    Image.init()
    known = {ending for ending, name in Image.registered_extensions().items() if name in FORMATS}
    return known | plugin_endings()


#: Endings of films. A picture that moves (GIF, PNG, WebP) is a picture.
FILMS = frozenset(
    {
        ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
        ".mts", ".nut", ".ogv", ".webm", ".wmv", ".y4m",
    }
)  # fmt: skip


def is_film(path: Path) -> bool:
    """Whether there is a file at ``path`` that is a film by its name."""
    return path.suffix.lower() in FILMS and path.is_file()


def films(folder: Path) -> list[Path]:
    """All film files under ``folder``, sorted."""
    return sorted(path for path in folder.rglob("*") if is_film(path))


def find(folder: Path, needed: bool = True) -> list[Path]:
    """All picture files under ``folder``, sorted.

    Raises ``UsageError`` if it is no folder, or, where they are ``needed``, if there are none.
    """
    if not folder.is_dir():
        raise UsageError(f"no folder '{folder}'", "pictures are read from a folder")
    known = endings()
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in known and p.is_file())
    if needed and not paths:
        raise UsageError(f"no pictures in '{folder}'", "it holds no file of a known picture type")
    return paths
