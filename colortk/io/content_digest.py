"""SHA-256 of the content of a file or of a folder."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from colortk.errors import UsageError
from colortk.io.regular_files import open_regular

#: Limit of files in a folder. A folder with more files is hardly meant as a plugin's input.
MAX_FILES = 10_000

_Stamp = tuple[int, int, int, int, int]
_known: dict[str, tuple[_Stamp, str]] = {}


def content_digest(path: Path) -> str:
    """Digest the content that ``path`` names, whatever its name is.

    A file's digest is remembered for as long as its size and times stay the same. A folder's
    digest covers the relative names and the contents of all files below it. Links to files are
    followed; links to folders are not.

    Parameters
    ----------
    path : Path
        A regular file, or a folder with at most ``MAX_FILES`` files.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    UsageError
        If there is no such file, if it cannot be read, or if it is a device, FIFO or socket.
    """
    try:
        if path.is_dir():
            return _folder_digest(path)
        return _file_digest(path)
    except OSError as error:
        raise UsageError(f"cannot read '{path}'", error.strerror or str(error)) from error


def _file_digest(path: Path) -> str:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"cannot use '{path}'", "it is neither a regular file nor a folder")
    stamp = (
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )  # fmt: skip
    name = os.path.abspath(path)
    remembered = _known.get(name)
    if remembered is not None and remembered[0] == stamp:
        return remembered[1]
    with open_regular(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _known[name] = stamp, digest
    return digest


def _folder_digest(folder: Path) -> str:
    files: list[str] = []
    links: list[str] = []
    for folder_path, folders, names in os.walk(folder, onerror=_raise):
        links += [os.path.join(folder_path, name) for name in folders]
        files += [os.path.join(folder_path, name) for name in names]
        if len(files) > MAX_FILES:
            raise UsageError(f"cannot use '{folder}'", f"it holds more than {MAX_FILES} files")
    lines = [f"{os.path.relpath(file, folder)}\0{_file_digest(Path(file))}" for file in files]
    lines += [
        f"{os.path.relpath(link, folder)}\0-> {os.readlink(link)}"
        for link in links
        if os.path.islink(link)
    ]
    text = "\n".join(sorted(lines))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _raise(error: OSError) -> None:
    raise error
