"""Who visits, what is theirs, and when it is deleted.

A visitor is a random cookie. Files that a visitor uploads, and the folder with what was made of
them, are theirs alone, and are deleted some time after the last sign of life.
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
#: The file that says that a page's folder is in use, as long as it is locked.
LOCK = "page.lock"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
#: Seconds after a visitor's last sign of life until their files are deleted.
KEEP_SECONDS = 900.0
#: Uploads of a visitor, and results of one kind in one window, that are kept; older ones go.
UPLOADS, RESULTS = 6, 2
#: VisitorRegistry that are known; of more, the one that was away longest is forgotten.
VISITORS = 10_000
#: Windows of a visitor that are known; the oldest of more are forgotten.
WINDOWS = 100
#: Seconds after which a file that belongs to nobody is deleted.
STRAY_SECONDS = 20.0


def new_token() -> str:
    """A cookie's value that nobody can guess."""
    return secrets.token_urlsafe(32)


def is_token(text: str | None) -> bool:
    """Whether ``text`` may be a cookie of ours."""
    return text is not None and _TOKEN.fullmatch(text) is not None


@dataclass
class Visitor:
    """One browser. ``folder``: of results. ``open``: connections that are open now."""

    folder: Path
    seen: float
    open: int = 0
    uploads: list[str] = field(default_factory=list)


class VisitorRegistry:
    """All visitors of a page, and the folder ``root`` with everything that is theirs."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.root = Path(os.path.realpath(root))
        self._clock = clock
        self._known: dict[str, Visitor] = {}
        self._sessions: dict[str, str] = {}
        self._lock = threading.RLock()
        self._closed = False

    def of(self, token: str) -> Visitor:
        """The visitor with that cookie, who is alive now."""
        with self._lock:
            visitor = self._known.get(token)
            if visitor is None:
                if len(self._known) >= VISITORS:
                    self._forget_oldest()
                name = hashlib.sha256(token.encode()).hexdigest()[:32]
                visitor = self._known[token] = Visitor(self.root / f"visitor-{name}", 0.0)
            visitor.seen = self._clock()
            return visitor

    @contextlib.contextmanager
    def connected(self, token: str) -> Iterator[None]:
        """While a connection is open its visitor's files stay."""
        visitor = self.of(token)
        visitor.open += 1
        try:
            yield
        finally:
            visitor.open -= 1
            visitor.seen = self._clock()

    def present(self, token: str | None) -> bool:
        """Whether a visitor has a connection open, as every window that is not closed has."""
        visitor = self._known.get(token) if token is not None else None
        return visitor is not None and visitor.open > 0

    def claims(self, token: str, session: str) -> bool:
        """Whether a window's id, ``session``, is this visitor's: the first who uses it has it."""
        with self._lock:
            owner = self._sessions.get(session)
            if owner is None:
                own = [known for known, visitor in self._sessions.items() if visitor == token]
                for oldest in own[: len(own) + 1 - WINDOWS]:
                    del self._sessions[oldest]
                self._sessions[session] = owner = token
            return owner == token

    def owner(self, session: str) -> str | None:
        """The visitor whose window ``session`` is, if it is anybody's."""
        return self._sessions.get(session)

    def uploaded(self, token: str, paths: Iterable[str]) -> None:
        """Remember a visitor's uploads; the oldest of too many are deleted."""
        with self._lock:
            visitor = self.of(token)
            for path in paths:
                if path in visitor.uploads:
                    visitor.uploads.remove(path)
                visitor.uploads.append(path)
            old, visitor.uploads = visitor.uploads[:-UPLOADS], visitor.uploads[-UPLOADS:]
            self._forget(old)

    def owns(self, token: str, path: str) -> bool:
        """Whether the file ``path`` is an upload or a result of this visitor."""
        if "\0" in path or not os.path.isabs(path):
            return False
        visitor, real = self.of(token), os.path.realpath(path)
        return real in visitor.uploads or real.startswith(str(visitor.folder) + os.sep)

    def result_folder(self, token: str | None, session: str | None, kind: str) -> Path:
        """A new folder for a result of a kind; the oldest of too many in that window go.

        Raises ``PictureError`` without a cookie: the page was not loaded from here.
        """
        if token is None or not is_token(token):
            raise PictureError("this page is out of date", hint="load it again")
        window = hashlib.sha256((session or "").encode()).hexdigest()[:16]
        place = self.of(token).folder / window
        with self._lock:
            if self._closed:
                raise PictureError("this page has ended")
            place.mkdir(parents=True, exist_ok=True)
            there = sorted(place.glob(f"{kind}-*"))
            for old in there[: len(there) + 1 - RESULTS]:
                shutil.rmtree(old, ignore_errors=True)
            folder = place / f"{kind}-{time.time_ns():020d}-{secrets.token_hex(8)}"
            folder.mkdir()
            return folder

    def sweep(self) -> None:
        """Delete what belongs to visitors that have been gone for long, and what nobody claims."""
        with self._lock:
            now = self._clock()
            gone = [
                token
                for token, visitor in self._known.items()
                if not visitor.open and now - visitor.seen > KEEP_SECONDS
            ]
            for token in gone:
                visitor = self._known.pop(token)
                shutil.rmtree(visitor.folder, ignore_errors=True)
                self._forget(visitor.uploads)
            self._sessions = {s: t for s, t in self._sessions.items() if t in self._known}
            with contextlib.suppress(OSError):
                for stray in self.root.iterdir():  # Gradio makes one for each file that it is given
                    if _is_stray(stray):
                        stray.unlink(missing_ok=True)

    def _forget_oldest(self) -> None:
        away = [(one.seen, token) for token, one in self._known.items() if not one.open]
        if away:
            oldest = self._known.pop(min(away)[1])
            shutil.rmtree(oldest.folder, ignore_errors=True)
            self._forget(oldest.uploads)

    def close(self) -> None:
        """Take no more files, and delete all that there are."""
        with self._lock:
            self._closed = True
            shutil.rmtree(self.root, ignore_errors=True)

    def _forget(self, paths: Iterable[str]) -> None:
        """Delete uploads, unless somebody else has uploaded the same file."""
        kept = {path for visitor in self._known.values() for path in visitor.uploads}
        for path in set(paths) - kept:
            with contextlib.suppress(OSError):
                Path(path).unlink(missing_ok=True)
                Path(path).parent.rmdir()


def _is_stray(path: Path) -> bool:
    """Whether ``path`` is a file that nobody has written to for some time, and no lock."""
    if path.name == LOCK or not path.is_file():
        return False
    return time.time() - path.stat().st_mtime > STRAY_SECONDS
