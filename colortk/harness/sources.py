"""The pictures and films that a comparison scores, each content once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from colortk.errors import PictureError, UsageError
from colortk.io.decode import read_bytes
from colortk.io.discovery import find_pictures


@dataclass(frozen=True)
class Source:
    """A picture or a film that plugins are scored on.

    Parameters
    ----------
    name : str
        Path of the file, or a description of an array.
    picture : str
        SHA-256 (hex) of the content.
    data : bytes, optional
        The content, if it is not in a file.
    """

    name: str
    picture: str
    data: bytes | None = field(default=None, repr=False)

    def read(self) -> bytes:
        """Return the content.

        Raises
        ------
        PictureError
            If the file cannot be read, or has changed since it was found.
        """
        data = self.data if self.data is not None else read_bytes(Path(self.name))
        if hashlib.sha256(data).hexdigest() != self.picture:
            raise PictureError(f"cannot use '{self.name}'", "it changed while being read")
        return data


def find_sources(paths: Iterable[Path]) -> tuple[list[Source], dict[str, str], int]:
    """Find the pictures in files and folders.

    Parameters
    ----------
    paths : iterable of Path
        Picture files, and folders, which are searched with their subfolders.

    Returns
    -------
    sources : list of Source
        The pictures, each content once.
    unreadable : dict of str to str
        The error of each file that cannot be read, by path.
    repeats : int
        Number of files with the same content as an earlier one.

    Raises
    ------
    UsageError
        If a path does not exist, or a folder contains no picture.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"no picture or folder '{path}'")
        files |= dict.fromkeys(find_pictures(path) if path.is_dir() else [path])
    return distinct_sources(files, lambda path: hashlib.sha256(read_bytes(path)).hexdigest())


def distinct_sources(
    files: Iterable[Path], digest_of: Callable[[Path], str]
) -> tuple[list[Source], dict[str, str], int]:
    """Make a source of each file whose content has not occurred before.

    Parameters
    ----------
    files : iterable of Path
        Files, in order.
    digest_of : callable
        Returns the SHA-256 (hex) of a file; raises ``PictureError`` if it cannot be read.

    Returns
    -------
    sources, unreadable, repeats
        As :func:`find_sources` returns them.
    """
    by_digest: dict[str, Source] = {}
    unreadable: dict[str, str] = {}
    repeats = 0
    for path in files:
        try:
            digest = digest_of(path)
        except PictureError as error:
            unreadable[str(path)] = str(error)
            continue
        repeats += digest in by_digest
        by_digest.setdefault(digest, Source(str(path), digest))
    return list(by_digest.values()), unreadable, repeats
