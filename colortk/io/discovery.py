"""Find pictures and films in folders."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from colortk.errors import Notice, UsageError
from colortk.io.files import special_kind
from colortk.io.image_limits import INPUT_FORMATS


def endings() -> set[str]:
    """Return the extensions of picture files that can be read, in lower case, each with its dot."""
    from colortk.io.foreign import plugin_endings

    Image.init()
    known_endings = {
        ending for ending, name in Image.registered_extensions().items() if name in INPUT_FORMATS
    }
    return known_endings | plugin_endings()


#: Extensions of films. Animated pictures (GIF, PNG, WebP) are pictures.
FILMS = frozenset(
    {
        ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
        ".mts", ".nut", ".ogv", ".webm", ".wmv", ".y4m",
    }
)  # fmt: skip


#: Kinds of links that lead to no file.
BROKEN = "a symbolic link that leads nowhere"
CIRCULAR = "a symbolic link that leads in a circle"


@dataclass(frozen=True)
class FolderEntry:
    """An entry under a folder.

    Attributes
    ----------
    path : str
        Path of the entry.
    folder : str
        Path of the folder that holds the entry, relative to the folder that was searched; empty for
        that folder itself.
    kind : str
        "file" for a file or a link to a file; otherwise a description, such as "a named pipe".
    error : str
        Why a folder cannot be read; then ``path`` is this folder. Otherwise empty.
    """

    path: str
    folder: str
    kind: str
    error: str = ""

    @property
    def extension(self) -> str:
        """The extension of the name in lower case, with its dot."""
        return os.path.splitext(self.path)[1].lower()


def walk(
    folder: str | Path,
    recursive: bool = True,
    include_hidden: bool = True,
    excluded: str | None = None,
) -> Iterator[FolderEntry]:
    """Yield the entries of a folder: files of each folder by name, then its subfolders.

    Links to folders are not followed, since such a link can lead back to a folder that contains it.

    Parameters
    ----------
    folder : str or Path
        The folder.
    recursive : bool, optional
        Descend into subfolders; otherwise they are yielded as entries of the kind "folder".
    include_hidden : bool, optional
        Yield entries whose names begin with a dot, too.
    excluded : str, optional
        Absolute path of a folder that is left out.
    """
    waiting = [(os.fspath(folder), "")]
    while waiting:
        path, relative = waiting.pop()
        try:
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield FolderEntry(path, relative, "folder", error.strerror or str(error))
            continue
        subfolders = []
        for entry in entries:
            if not include_hidden and entry.name.startswith("."):
                continue
            kind = entry_kind(entry)
            if kind != "folder":
                yield FolderEntry(entry.path, relative, kind)
            elif not entry.is_symlink() and os.path.abspath(entry.path) != excluded:
                if recursive:
                    subfolders.append((entry.path, os.path.join(relative, entry.name)))
                else:
                    yield FolderEntry(entry.path, relative, kind)
        waiting += reversed(subfolders)


def is_film(path: Path) -> bool:
    """Return whether ``path`` is a file with a film's extension."""
    return path.suffix.lower() in FILMS and path.is_file()


def find_films(folder: Path) -> list[Path]:
    """Return all film files under ``folder``, sorted."""
    return sorted(path for path in _files(folder) if is_film(path))


def find_pictures(folder: Path, required: bool = True) -> list[Path]:
    """Return all picture files under ``folder``, sorted.

    Links to folders are not followed. A broken link with a picture's extension is in the list, so
    that reading it reports the problem. Folders that cannot be read and entries that are not files
    are left out with a :class:`~colortk.errors.Notice`.

    Parameters
    ----------
    folder : Path
        The folder.
    required : bool, optional
        Whether a folder without pictures is an error.

    Raises
    ------
    UsageError
        ``folder`` is not a folder, or has no pictures although they are ``required``.
    """
    if not folder.is_dir():
        raise UsageError(f"no folder '{folder}'", "pictures are read from a folder")
    extensions = endings()
    paths = sorted(path for path in _files(folder) if path.suffix.lower() in extensions)
    if required and not paths:
        raise UsageError(f"no pictures in '{folder}'", "it holds no file of a known picture type")
    return paths


def entry_kind(entry: os.DirEntry[str]) -> str:
    """Return the kind of an entry of a folder.

    "file" or "folder", also for a link to one; otherwise a description, such as "a named pipe".
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


def _files(folder: Path) -> Iterator[Path]:
    """Yield files under ``folder`` and broken links, in no order; warn of all other entries."""
    for entry in walk(folder):
        if entry.error:
            message = f"left out: cannot read '{entry.path}': {entry.error}"
            warnings.warn(Notice(message), stacklevel=2)
        elif entry.kind in ("file", BROKEN, CIRCULAR):
            yield Path(entry.path)
        elif entry.extension in endings() | FILMS:
            warnings.warn(Notice(f"left out: '{entry.path}' is {entry.kind}"), stacklevel=2)
