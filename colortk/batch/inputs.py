"""Which pictures are meant: files, folders, patterns and lists of files, in a known order."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from colortk.batch.records import STANDARD
from colortk.errors import Notice, PictureError, UsageError

_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Item:
    """A picture by its name.

    ``folder``: of one that was found, and not named itself: where below ``-o`` its result goes.
    ``error``: why there is none.
    """

    name: str
    folder: str | None = None
    error: str | None = None


def expand(
    names: Iterable[str],
    listed: Iterable[str] = (),
    recursive: bool = False,
    output: Path | None = None,
) -> list[Item]:
    """The pictures that ``names`` (files, folders, patterns) and ``listed`` (no patterns) mean.

    A folder gives its pictures, and with ``recursive`` those below it; of several folders each
    keeps its name below ``output``. What is hidden, is no picture by its ending, or lies in an
    ``output`` below the folder is left out. A pattern gives the files that it matches. A picture
    that is found is not repeated; one that is named twice is, to be refused.
    """
    names, listed = list(names), list(listed)
    kinds = [(name, _kind(name, True)) for name in names]
    kinds += [(name, _kind(name, False)) for name in listed]
    seen = {os.path.normpath(name) for name, kind in kinds if kind == "file"}
    several = sum(kind == "folder" for _, kind in kinds) > 1
    items = []
    for number, (name, kind) in enumerate(kinds):
        if kind == "file":
            items.append(Item(name, None if number < len(names) else ""))
            continue
        leave = _below(output, name if kind == "folder" else _fixed(name))
        if kind == "folder":
            prefix = os.path.basename(os.path.abspath(name)) if several else ""
            found = _in_folder(name, prefix, recursive, leave)
        else:
            found = _matching(name, leave)
        for item in found:
            place = os.path.normpath(item.name)
            if item.error is not None or place not in seen:
                seen.add(place)
                items.append(item)
    return items


def read_list(source: str) -> list[str]:
    """Names in the file ``source`` ('-' is standard input).

    One a line, or NUL-separated if it holds NULs. Raises ``UsageError``.
    """
    try:
        if source != STANDARD:
            data = Path(source).read_bytes()
        elif sys.stdin is None:
            raise UsageError("cannot read the list", "standard input is closed")
        else:
            data = sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(f"cannot read the list '{source}'", error.strerror or str(error)) from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # as PowerShell writes it
        data = data.decode("utf-16", "replace").encode("utf-8", "surrogatepass")
    data = data.removeprefix(b"\xef\xbb\xbf")
    lines = data.split(b"\0") if b"\0" in data else [x.rstrip(b"\r") for x in data.split(b"\n")]
    found = [os.fsdecode(line) for line in lines if line.strip()]
    if STANDARD in found:
        raise UsageError(f"the list '{source}' names '-'", "standard input is no file of a list")
    return found


def _kind(name: str, patterns: bool) -> str:
    if name != STANDARD and os.path.isdir(name):
        return "folder"
    if patterns and _MAGIC & set(name) and not os.path.lexists(name):
        return "pattern"
    return "file"


def _below(output: Path | None, folder: str) -> str | None:
    """The folder ``output`` if it lies in ``folder``: its pictures are results."""
    if output is None:
        return None
    place = os.path.abspath(output)
    return place if place.startswith(os.path.join(os.path.abspath(folder), "")) else None


def _in_folder(name: str, prefix: str, recursive: bool, leave: str | None) -> Iterator[Item]:
    from colortk.io.discovery import BROKEN, CIRCULAR, endings, entry_kind

    known = endings()
    count, below = 0, False
    todo = [(name, prefix)]
    while todo:
        folder, relative = todo.pop()
        try:
            with os.scandir(folder) as entries:
                shown = sorted(
                    (entry for entry in entries if not entry.name.startswith(".")),
                    key=lambda entry: entry.name,
                )
        except OSError as error:
            why = error.strerror or str(error)
            yield Item(folder, relative, str(PictureError(f"cannot read '{folder}'", why)))
            count += 1
            continue
        more = []
        for entry in shown:
            kind = entry_kind(entry)
            if kind == "folder":
                # A link to a folder may lead back to where it lies.
                if not entry.is_symlink() and os.path.abspath(entry.path) != leave:
                    more.append((entry.path, os.path.join(relative, entry.name)))
            elif os.path.splitext(entry.name)[1].lower() in known or kind == CIRCULAR:
                count += 1
                yield Item(entry.path, relative, _failure(entry.path, kind))
            elif kind == BROKEN:
                warnings.warn(Notice(f"skipped '{entry.path}': it is {kind}"), stacklevel=2)
        below = below or bool(more)
        if recursive:
            todo += reversed(more)
    if not count:
        hint = "--recursive takes those of the folders in it" if below and not recursive else ""
        why = "it is a directory without pictures"
        yield Item(name, prefix, str(PictureError(f"cannot read '{name}'", why, hint)))


def _failure(name: str, kind: str) -> str | None:
    """Why the entry ``name`` of a folder, which is ``kind``, cannot be read."""
    return None if kind == "file" else str(PictureError(f"cannot read '{name}'", f"it is {kind}"))


def _fixed(pattern: str) -> str:
    """The folders that ``pattern`` begins with."""
    fixed = []
    for part in Path(pattern).parts[:-1]:
        if _MAGIC & set(part):
            break
        fixed.append(part)
    return os.path.join(*fixed) if fixed else os.curdir


def _matching(pattern: str, leave: str | None) -> Iterator[Item]:
    base, count = _fixed(pattern), 0
    for name in sorted(_glob(pattern, base)):
        place = os.path.abspath(name)
        if os.path.isdir(name) or (leave and place.startswith(os.path.join(leave, ""))):
            continue
        count += 1
        yield Item(name, os.path.dirname(os.path.relpath(name, base)))
    if not count:
        why = "there is no such file, and no file that matches"
        yield Item(pattern, "", str(PictureError(f"cannot read '{pattern}'", why)))


def _glob(pattern: str, base: str) -> list[str]:
    """Names that match; ``**`` enters no links to folders, which may lead back to where they lie."""
    parts = Path(pattern).parts
    if "**" not in parts:
        from glob import glob

        return glob(pattern)
    rest = list(parts[0 if base == os.curdir else len(Path(base).parts) :])
    if rest[-1] == "**":
        rest.append("*")
    names = {os.fspath(path) for path in Path(base).glob(os.path.join(*rest))}
    return [name for name in names if not _is_hidden(os.path.relpath(name, base))]


def _is_hidden(relative: str) -> bool:
    return any(part.startswith(".") for part in Path(relative).parts)
