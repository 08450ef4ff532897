"""Cache the meanings of source files, in the process and in the user's cache folder.

Parsing a source takes milliseconds, and an import closure has about a hundred sources. The key of
an entry on the disk is the SHA-256 of the file's bytes, so that no entry can become wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from colortk.errors import ColortkError
from colortk.io.files import write_atomic
from colortk.io.regular_files import read_regular
from colortk.runtime.ast_digest import SCHEME, Imported, SourceDigest, read_source

#: Most entries on the disk. If there are more, only the entries of this process are kept.
MAX_ENTRIES = 5000
#: The syntax tree differs between versions of Python.
_NAME = f"sources-{SCHEME}-{sys.version_info[0]}.{sys.version_info[1]}.json"
_NO_SOURCE = SourceDigest(hashlib.sha256(b"").hexdigest())

Stamp = tuple[int, int, int, int]


class SourceCache:
    """Meanings of source files by path, as the files are now.

    Parameters
    ----------
    folder : Path or None
        Folder of the cache on the disk; ``None`` for no cache on the disk.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / _NAME if folder is not None else None
        self._sources: dict[str, tuple[Stamp, SourceDigest]] = {}
        self._stored: dict[str, Any] | None = None
        self._new: dict[str, Any] = {}

    def source(self, path: Path) -> SourceDigest:
        """Return digest and imports of a source file. An unreadable file counts as empty."""
        name = str(path)
        try:
            stamp = file_stamp(name)
            cached = self._sources.get(name)
            if cached is not None and cached[0] == stamp:
                return cached[1]
            content = path.read_bytes()
        except OSError:
            return _NO_SOURCE
        source = self._meaning(content)
        self._sources[name] = stamp, source
        return source

    def _meaning(self, content: bytes) -> SourceDigest:
        key = hashlib.sha256(content).hexdigest()
        if self._stored is None:
            self._stored = self._load()
        with contextlib.suppress(KeyError, TypeError, ValueError):
            return _unpacked(self._stored[key])
        source = read_source(content)
        self._stored[key] = self._new[key] = _packed(source)
        return source

    def _load(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            stored = json.loads(read_regular(self._file))
        except (OSError, ValueError):
            return {}
        return stored if isinstance(stored, dict) else {}

    def save(self) -> None:
        """Write new entries to the disk, if there is a folder for them."""
        if self._file is None or not self._new:
            return
        entries = self._load() | self._new  # another process may have written since
        self._new = {} if len(entries) <= MAX_ENTRIES else self._new
        if len(entries) > MAX_ENTRIES:
            entries, self._new = self._new, {}
        with contextlib.suppress(OSError, ColortkError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._file, json.dumps(entries).encode(), force=True, durable=False)


def file_stamp(path: str) -> Stamp:
    """Return values that change when the file changes. Raises ``OSError``."""
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _packed(source: SourceDigest) -> list[Any]:
    imports = [
        [statement.level, statement.module, list(statement.names)] for statement in source.imports
    ]
    return [source.digest, imports, list(source.references), [list(pair) for pair in source.lazy]]


def _unpacked(stored: Any) -> SourceDigest:
    digest, imports, references, lazy = stored
    return SourceDigest(
        str(digest),
        tuple(Imported(int(level), str(module), tuple(names)) for level, module, names in imports),
        tuple(references),
        tuple((str(name), str(module)) for name, module in lazy),
    )
