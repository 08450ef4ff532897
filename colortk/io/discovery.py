"""Which files of a folder are pictures, and which are films."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from colortk.errors import Notice, UsageError
from colortk.io.files import special_kind
from colortk.io.image_limits import FORMATS


def endings() -> set[str]:
    """File name endings of pictures that can be read, lower-case, each with its dot."""
    from colortk.io.foreign import plugin_endings

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


#: Links that lead to no file.
BROKEN = "a symbolic link that leads nowhere"
CIRCULAR = "a symbolic link that leads in a circle"


def is_film(path: Path) -> bool:
    """Whether there is a file at ``path`` that is a film by its name."""
    return path.suffix.lower() in FILMS and path.is_file()


def find_films(folder: Path) -> list[Path]:
    """Return all film files under ``folder``, sorted."""
    return sorted(path for path in _walk(folder) if is_film(path))


def find_pictures(folder: Path, needed: bool = True) -> list[Path]:
    """Return all picture files under ``folder``, sorted.

    Links to folders are not followed. A link that leads nowhere is among the result if its name is
    that of a picture, for whoever reads it to report. A folder that cannot be read and what is no
    file are left out with a :class:`~colortk.errors.Notice`.

    Raises ``UsageError`` if it is no folder, or, where they are ``needed``, if there are none.
    """
    if not folder.is_dir():
        raise UsageError(f"no folder '{folder}'", "pictures are read from a folder")
    known = endings()
    paths = sorted(path for path in _walk(folder) if path.suffix.lower() in known)
    if needed and not paths:
        raise UsageError(f"no pictures in '{folder}'", "it holds no file of a known picture type")
    return paths


def entry_kind(entry: os.DirEntry[str]) -> str:
    """What an entry of a folder is.

    "file" and "folder", also through a link; else in words, as "a named pipe".
    """
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        if entry.is_symlink() and not os.path.exists(entry.path):
            return BROKEN
        return special_kind(Path(os.path.realpath(entry.path))) or BROKEN
    except OSError as error:
        if error.errno == errno.ELOOP:
            return CIRCULAR
        return f"unreadable ({error.strerror or error})"


def _walk(folder: Path) -> Iterator[Path]:
    """Files under ``folder``, and links that lead nowhere; in no order."""
    waiting = [os.fspath(folder)]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                found = list(entries)
        except OSError as error:
            why = error.strerror or str(error)
            warnings.warn(Notice(f"left out: cannot read '{place}': {why}"), stacklevel=2)
            continue
        for entry in found:
            kind = entry_kind(entry)
            if kind == "folder":
                if not entry.is_symlink():  # it may lead back to where it lies
                    waiting.append(entry.path)
            elif kind == "file" or kind in (BROKEN, CIRCULAR):
                yield Path(entry.path)
            elif os.path.splitext(entry.name)[1].lower() in endings() | FILMS:
                warnings.warn(Notice(f"left out: '{entry.path}' is {kind}"), stacklevel=2)
