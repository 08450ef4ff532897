"""Visitors of the page, their files, and when these files are deleted.

A visitor is a random cookie. Uploaded files and the results that were made of them belong to one
visitor, and are deleted some time after the visitor's last activity.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from colortk.errors import PictureError

COOKIE = "colortk_visitor"
#: A file in the folder of a page. While it is locked, the folder is in use.
LOCK = "page.lock"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
#: Seconds from a visitor's last activity until their files are deleted.
KEEP_SECONDS = 900.0
#: Uploads of a visitor that are kept. Older uploads are deleted.
MAX_UPLOADS = 56
#: Results of one kind in one window that are kept.
MAX_RESULTS = 2
#: Limit of remembered visitors. Beyond it, the visitor who was inactive for the longest time is
#: removed.
MAX_VISITORS = 10_000
#: Windows of a visitor that are remembered. Beyond that, the oldest are removed.
MAX_WINDOWS = 100
#: Seconds without a change after which a file without an owner is deleted.
STRAY_SECONDS = 20.0


def new_token() -> str:
    """Return a random value for the cookie of a new visitor."""
    return secrets.token_urlsafe(32)


def is_token(text: str | None) -> bool:
    """Return whether ``text`` has the form of a cookie of this page."""
    return text is not None and _TOKEN.fullmatch(text) is not None


@dataclass
class Visitor:
    """A visitor, that is a browser.

    Parameters
    ----------
    folder : Path
        Folder of their results.
    last_seen : float
        Time of their last activity, in seconds of the registry's clock.
    open : int
        Connections that are open now.
    uploads : list of str
        Paths of their uploads, the oldest first.
    """

    folder: Path
    last_seen: float
    open: int = 0
    uploads: list[str] = field(default_factory=list)


class VisitorRegistry:
    """All visitors of a page.

    Parameters
    ----------
    root : Path
        Folder with the files of all visitors.
    clock : callable
        Returns the time in seconds.
    max_upload_bytes : int
        Bytes of the uploads of a visitor that are kept. The newest one is kept in any case.
    """

    def __init__(
        self,
        root: Path,
        clock: Callable[[], float] = time.monotonic,
        max_upload_bytes: int = 600_000_000,
    ) -> None:
        self._max_upload_bytes = max_upload_bytes
        self.root = Path(os.path.realpath(root))
        self._clock = clock
        self._known: dict[str, Visitor] = {}
        self._sessions: dict[str, str] = {}
        self._lock = threading.RLock()
        self._closed = False

    def of(self, token: str) -> Visitor:
        """Return the visitor with the cookie ``token``, and record their activity."""
        with self._lock:
            visitor = self._known.get(token)
            if visitor is None:
                if len(self._known) >= MAX_VISITORS:
                    self._forget_oldest()
                name = hashlib.sha256(token.encode()).hexdigest()[:32]
                visitor = self._known[token] = Visitor(self.root / f"visitor-{name}", 0.0)
            visitor.last_seen = self._clock()
            return visitor

    @contextlib.contextmanager
    def connected(self, token: str) -> Iterator[None]:
        """Keep the files of a visitor while the block runs, which serves a connection."""
        with self._lock:  # nobody may be removed between being known and being connected
            visitor = self.of(token)
            visitor.open += 1
        try:
            yield
        finally:
            with self._lock:
                visitor.open -= 1
                visitor.last_seen = self._clock()

    def is_connected(self, token: str | None) -> bool:
        """Return whether a visitor has an open connection, as every open window has."""
        visitor = self._known.get(token) if token is not None else None
        return visitor is not None and visitor.open > 0

    def claim_window(self, token: str, session: str) -> bool:
        """Return whether a window belongs to a visitor. The first visitor who uses it owns it.

        Parameters
        ----------
        token : str
            Cookie of the visitor.
        session : str
            Identifier of the window.
        """
        with self._lock:
            self.of(token)  # otherwise a sweep would take the window from an unknown visitor
            owner = self._sessions.get(session)
            if owner is None:
                own_windows = [
                    window for window, visitor in self._sessions.items() if visitor == token
                ]
                for oldest in own_windows[: max(0, len(own_windows) + 1 - MAX_WINDOWS)]:
                    del self._sessions[oldest]
                self._sessions[session] = owner = token
            return owner == token

    def owner(self, session: str) -> str | None:
        """Return the cookie of the visitor who owns the window ``session``, if there is one."""
        return self._sessions.get(session)

    def add_uploads(self, token: str, paths: Iterable[str]) -> None:
        """Record uploads of a visitor, and delete the oldest if there are too many."""
        with self._lock:
            visitor = self.of(token)
            for path in paths:
                if path in visitor.uploads:
                    visitor.uploads.remove(path)
                visitor.uploads.append(path)
            count = _newest_within(visitor.uploads[-MAX_UPLOADS:], self._max_upload_bytes)
            old, visitor.uploads = visitor.uploads[:-count], visitor.uploads[-count:]
            self._forget(old)

    def owns(self, token: str, path: str) -> bool:
        """Return whether the file ``path`` is an upload or a result of the visitor ``token``."""
        if "\0" in path or not os.path.isabs(path):
            return False
        visitor, real = self.of(token), os.path.realpath(path)
        return real in visitor.uploads or real.startswith(str(visitor.folder) + os.sep)

    def result_folder(
        self, token: str | None, session: str | None, kind: str, keep: int = MAX_RESULTS
    ) -> Path:
        """Make a folder for a result, and delete the oldest results of the window.

        Parameters
        ----------
        token : str or None
            Cookie of the visitor.
        session : str or None
            Identifier of the window.
        kind : str
            Kind of the result, such as "picture".
        keep : int
            Results of this kind in this window that are kept, with the new one.

        Raises
        ------
        PictureError
            If there is no cookie, so that the page was not loaded from this server, or if the page
            has ended.
        """
        if token is None or not is_token(token):
            raise PictureError("this page is out of date", hint="reload it")
        parent = self._window_folder(token, session)
        with self._lock:
            if self._closed:
                raise PictureError("the server of this page has stopped")
            parent.mkdir(parents=True, exist_ok=True)
            results = sorted(parent.glob(f"{kind}-*"))
            for old in results[: max(0, len(results) + 1 - keep)]:
                shutil.rmtree(old, ignore_errors=True)
            folder = parent / f"{kind}-{time.time_ns():020d}-{secrets.token_hex(8)}"
            folder.mkdir()
            return folder

    def result_folders(self, token: str | None, session: str | None, kind: str) -> list[Path]:
        """Return the result folders of one kind of a window, the newest first."""
        if token is None or not is_token(token):
            return []
        return sorted(self._window_folder(token, session).glob(f"{kind}-*"), reverse=True)

    def limit_results(self, token: str, kind: str, count: int, max_bytes: int) -> None:
        """Delete the oldest results of one kind of a visitor, in all windows.

        Parameters
        ----------
        token : str
            Cookie of the visitor.
        kind : str
            Kind of the results.
        count, max_bytes : int
            Results that are kept, and their bytes in all. The newest one is kept in any case.
        """
        with self._lock:
            parent, used = self.of(token).folder, 0
            results = sorted(parent.glob(f"*/{kind}-*"), key=lambda folder: folder.name)
            for number, folder in enumerate(reversed(results)):
                used += _size(folder)
                if number >= count or (number > 0 and used > max_bytes):
                    shutil.rmtree(folder, ignore_errors=True)

    def _window_folder(self, token: str, session: str | None) -> Path:
        window = hashlib.sha256((session or "").encode()).hexdigest()[:16]
        return self.of(token).folder / window

    def sweep(self) -> None:
        """Delete the files of inactive visitors, and files without an owner."""
        with self._lock:
            now = self._clock()
            inactive = [
                token
                for token, visitor in self._known.items()
                if not visitor.open and now - visitor.last_seen > KEEP_SECONDS
            ]
            for token in inactive:
                visitor = self._known.pop(token)
                shutil.rmtree(visitor.folder, ignore_errors=True)
                self._forget(visitor.uploads)
            self._sessions = {s: t for s, t in self._sessions.items() if t in self._known}
            with contextlib.suppress(OSError):
                for stray in self.root.iterdir():  # Gradio makes one for each file
                    if _is_stray(stray):
                        stray.unlink(missing_ok=True)

    def _forget_oldest(self) -> None:
        inactive = [
            (visitor.last_seen, token) for token, visitor in self._known.items() if not visitor.open
        ]
        if inactive:
            oldest = self._known.pop(min(inactive)[1])
            shutil.rmtree(oldest.folder, ignore_errors=True)
            self._forget(oldest.uploads)

    def close(self) -> None:
        """Delete all files, and accept none from now on."""
        with self._lock:
            self._closed = True
            shutil.rmtree(self.root, ignore_errors=True)

    def _forget(self, paths: Iterable[str]) -> None:
        """Delete uploads, unless another visitor has uploaded the same file."""
        kept_paths = {path for visitor in self._known.values() for path in visitor.uploads}
        for path in set(paths) - kept_paths:
            with contextlib.suppress(OSError):
                Path(path).unlink(missing_ok=True)
                Path(path).parent.rmdir()


def _size(folder: Path) -> int:
    """Return the bytes of the files in a folder, without those that are deleted meanwhile."""
    size = 0
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                size += path.stat().st_size
    return size


def _newest_within(paths: list[str], max_bytes: int) -> int:
    """Return how many of the last files have at most ``max_bytes`` together, at least 1."""
    used = 0
    for count, path in enumerate(reversed(paths)):
        with contextlib.suppress(OSError):
            used += os.stat(path).st_size
        if used > max_bytes:
            return max(1, count)
    return max(1, len(paths))


def _is_stray(path: Path) -> bool:
    """Return whether ``path`` is a file, not the lock, that has not changed for some time."""
    if path.name == LOCK or not path.is_file():
        return False
    return time.time() - path.stat().st_mtime > STRAY_SECONDS
