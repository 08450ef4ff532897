"""Find the pictures that files, folders, patterns and lists of files name, in a stable order."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from colortk.batch.options import STANDARD_STREAM
from colortk.errors import Notice, PictureError, UsageError

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class InputItem:
    """An input: a picture, or a path that cannot be read as a picture.

    Parameters
    ----------
    name : str
        Path of the picture; ``-`` is standard input.
    folder : str or None
        For a picture that was found in a folder or by a pattern: the folder below the output folder
        to which its result goes. ``None`` for a picture that was named.
    error : str or None
        Why there is no picture.
    variant : int or None
        Number of the version of the picture that is wanted, from 1; ``None`` if there is only one.
    """

    name: str
    folder: str | None = None
    error: str | None = None
    variant: int | None = None


def find_inputs(
    names: Iterable[str],
    listed: Iterable[str] = (),
    recursive: bool = False,
    output: Path | None = None,
) -> list[InputItem]:
    """Find the pictures of a batch.

    A picture that is found twice counts once. A picture that is named twice counts twice, so that
    the second one is refused.

    Parameters
    ----------
    names : iterable of str
        Files, folders and patterns. A folder means its pictures; entries that are hidden or have no
        picture's extension are left out. If several folders are given, each keeps its name below
        the output folder.
    listed : iterable of str
        Files and folders, but no patterns.
    recursive : bool
        Descend into subfolders.
    output : Path or None
        Output folder. If it lies in one of the folders, its pictures are left out.

    Returns
    -------
    list of InputItem
        In the order of the names; sorted by name within each folder.
    """
    names, listed = list(names), list(listed)
    kinds = [(name, _input_kind(name, patterns=True)) for name in names]
    kinds += [(name, _input_kind(name, patterns=False)) for name in listed]
    file_paths = {os.path.normpath(name) for name, kind in kinds if kind == "file"}
    several_folders = sum(kind == "folder" for _, kind in kinds) > 1
    items = []
    for number, (name, kind) in enumerate(kinds):
        if kind == "file":
            items.append(InputItem(name, None if number < len(names) else ""))
            continue
        excluded = _output_inside(output, name if kind == "folder" else _fixed_folders(name))
        if kind == "folder":
            prefix = os.path.basename(os.path.abspath(name)) if several_folders else ""
            candidates = _find_in_folder(name, prefix, recursive, excluded)
        else:
            candidates = _find_matching(name, excluded)
        for item in candidates:
            path = os.path.normpath(item.name)
            if item.error is not None or path not in file_paths:
                file_paths.add(path)
                items.append(item)
    return items


def read_list(source: str) -> list[str]:
    """Read the names in a file.

    Parameters
    ----------
    source : str
        A text file with one name per line, or with names that end with NUL characters; ``-`` is
        standard input.

    Returns
    -------
    list of str
        The names. Empty lines are left out.

    Raises
    ------
    UsageError
        The file cannot be read, or names standard input.
    """
    try:
        if source != STANDARD_STREAM:
            data = Path(source).read_bytes()
        elif sys.stdin is None:
            raise UsageError("cannot read the list", "standard input is closed")
        else:
            data = sys.stdin.buffer.read()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot read the list '{source}'", reason) from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # PowerShell writes UTF-16
        data = data.decode("utf-16", "replace").encode("utf-8", "surrogatepass")
    data = data.removeprefix(b"\xef\xbb\xbf")
    lines = data.split(b"\0") if b"\0" in data else [x.rstrip(b"\r") for x in data.split(b"\n")]
    names = [os.fsdecode(line) for line in lines if line.strip()]
    if STANDARD_STREAM in names:
        reason = "a list can name only files and folders"
        raise UsageError(f"the list '{source}' names '-'", reason, "remove this line")
    return names


def without_strokes(items: Iterable[InputItem]) -> list[InputItem]:
    """Return the inputs without the files of strokes that were found beside other pictures."""
    from colortk.guidance.sidecars import is_strokes_sidecar

    return [
        item for item in items if item.folder is None or not is_strokes_sidecar(Path(item.name))
    ]


def with_variants(items: Iterable[InputItem], count: int) -> list[InputItem]:
    """Return an input for each version, 1 to ``count``, of each picture."""
    return [
        replace(item, variant=number)
        for item in items
        for number in range(1, (1 if item.error is not None else count) + 1)
    ]


def _input_kind(name: str, patterns: bool) -> str:
    if name != STANDARD_STREAM and os.path.isdir(name):
        return "folder"
    if patterns and _WILDCARDS & set(name) and not os.path.lexists(name):
        return "pattern"
    return "file"


def _output_inside(output: Path | None, folder: str) -> str | None:
    """Return the absolute path of ``output`` if it lies in ``folder``: its pictures are results."""
    if output is None:
        return None
    path = os.path.abspath(output)
    return path if path.startswith(os.path.join(os.path.abspath(folder), "")) else None


def _find_in_folder(
    name: str, prefix: str, recursive: bool, excluded: str | None
) -> Iterator[InputItem]:
    from colortk.io.discovery import BROKEN, CIRCULAR, FILMS, endings, walk

    extensions = endings()
    count, has_subfolders, films = 0, False, 0
    for entry in walk(name, recursive, include_hidden=False, excluded=excluded):
        relative = os.path.join(prefix, entry.folder) if entry.folder else prefix
        if entry.error:
            failure = PictureError(f"cannot read '{entry.path}'", entry.error)
            yield InputItem(entry.path, relative, str(failure))
            count += 1
        elif entry.kind == "folder":
            has_subfolders = True
        elif entry.extension in extensions or entry.kind == CIRCULAR:
            count += 1
            yield InputItem(entry.path, relative, _entry_error(entry.path, entry.kind))
        elif entry.kind == BROKEN:
            warnings.warn(Notice(f"skipped '{entry.path}': it is {entry.kind}"), stacklevel=2)
        elif entry.extension in FILMS and entry.kind == "file":
            films += 1
    if films:
        number = "a film is" if films == 1 else f"{films} films are"
        text = f"{number} left out in '{name}': colorize each with colortk video"
        warnings.warn(Notice(text), stacklevel=2)
    if not count:
        hint = "use --recursive to descend into subfolders" if has_subfolders else ""
        failure = PictureError(f"cannot read '{name}'", "it is a folder without pictures", hint)
        yield InputItem(name, prefix, str(failure))


def _entry_error(name: str, kind: str) -> str | None:
    """Return why an entry of a folder, which is a ``kind``, cannot be read."""
    return None if kind == "file" else str(PictureError(f"cannot read '{name}'", f"it is {kind}"))


def _fixed_folders(pattern: str) -> str:
    """Return the folders at the begin of ``pattern`` that have no wildcards."""
    fixed = []
    for part in Path(pattern).parts[:-1]:
        if _WILDCARDS & set(part):
            break
        fixed.append(part)
    return os.path.join(*fixed) if fixed else os.curdir


def _find_matching(pattern: str, excluded: str | None) -> Iterator[InputItem]:
    base, count = _fixed_folders(pattern), 0
    for name in sorted(_glob(pattern, base)):
        path = os.path.abspath(name)
        if os.path.isdir(name) or (excluded and path.startswith(os.path.join(excluded, ""))):
            continue
        count += 1
        yield InputItem(name, os.path.dirname(os.path.relpath(name, base)))
    if not count:
        reason = "no file has this name, and no file matches it as a pattern"
        yield InputItem(pattern, "", str(PictureError(f"cannot read '{pattern}'", reason)))


def _glob(pattern: str, base: str) -> list[str]:
    """Return the names that match; ``**`` does not follow links, which may lead in a circle."""
    parts = Path(pattern).parts
    if "**" not in parts:
        from glob import glob

        return glob(pattern)
    remaining_parts = list(parts[0 if base == os.curdir else len(Path(base).parts) :])
    if remaining_parts[-1] == "**":
        remaining_parts.append("*")
    names = {os.fspath(path) for path in Path(base).glob(os.path.join(*remaining_parts))}
    return [name for name in names if not _is_hidden(os.path.relpath(name, base))]


def _is_hidden(relative: str) -> bool:
    return any(part.startswith(".") for part in Path(relative).parts)
