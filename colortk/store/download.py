"""Download a file of weights: from mirrors in order, resumed, checked before it gets its name."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from colortk.errors import ArtifactError, EnvironmentProblem, UsageError
from colortk.io.content_digest import content_digest
from colortk.plugin.spec import Artifact
from colortk.plugin.weights_folder import WeightsFile, size_text
from colortk.store.https import BrokenError, FetchError, Reply, open_url
from colortk.store.part_file import PartFile, open_part

#: Seconds that a server may send nothing.
TIMEOUT = 30.0
#: A server that sends fewer bytes per second during the time limit is given up.
MIN_RATE = 1024
#: Times that a broken transfer is continued at once, each time after new bytes; and times that one
#: is continued for which the whole time limit was waited.
MAX_RESUMES, MAX_STALLS = 20, 2
#: Most bytes of a file whose size is not declared.
MAX_BYTES = 1 << 34
_CHUNK = 1 << 18


class DownloadEvents(Protocol):
    """What a download reports while it runs."""

    def begin(self, name: str, done: int, total: int | None, host: str) -> None:
        """Show that a transfer begins: ``done`` of ``total`` bytes are present."""

    def advance(self, count: int) -> None:
        """Show that ``count`` more bytes are present."""

    def note(self, text: str) -> None:
        """Print something that the user may want to know."""


def is_verified(path: Path, artifact: Artifact) -> bool:
    """Return whether ``path`` is a regular file with the size and the digest of ``artifact``."""
    try:
        if not path.is_file() or (artifact.size and path.stat().st_size != artifact.size):
            return False
        return content_digest(path) == artifact.sha256
    except (OSError, UsageError):
        return False


def download(file: WeightsFile, events: DownloadEvents, timeout: float = TIMEOUT) -> None:
    """Download a file into the user's folder of weights.

    The bytes are kept in a file of another name until size and SHA-256 are right, also after an
    error or an interrupt: the next call continues there.

    Parameters
    ----------
    file : WeightsFile
        The file and its declaration, which has at least one address.
    events : DownloadEvents
        Reports progress.
    timeout : float
        Seconds that a server may send nothing.

    Raises
    ------
    ArtifactError
        If no mirror has the file.
    EnvironmentProblem
        If the file cannot be written.
    """
    artifact = file.artifact

    def waiting() -> None:
        events.note(f"another process downloads '{artifact.name}': waiting for it")

    with open_part(file.path, waiting) as part:
        if is_verified(file.path, artifact):  # by another process
            return
        failures = []
        for url in artifact.urls:
            try:
                _from_mirror(url, artifact, part, events, timeout)
                part.finish()
                return
            except FetchError as error:
                failures.append(f"{urlsplit(url).netloc}: {error}")
                if url != artifact.urls[-1]:
                    events.note(f"{failures[-1]}; trying the next address")
        kept = f"; {size_text(part.size)} are kept for the next try" if part.size else ""
        raise ArtifactError(
            f"cannot download '{artifact.name}'", "; ".join(failures) + kept,
            f"try again later, or bring the file: colortk weights add {file.plugin} FILE",
        )  # fmt: skip


def _from_mirror(
    url: str, artifact: Artifact, part: PartFile, events: DownloadEvents, timeout: float
) -> None:
    """Complete the part from one address. Raises ``FetchError``."""
    resumes = stalls = 0
    may_restart = True
    while True:
        size_before = part.size
        # A process that was killed may have left all bytes.
        if part.sha256 != artifact.sha256 and (not part.size or part.size != artifact.size):
            try:
                _transfer(url, artifact, part, events, timeout)
            except BrokenError as error:
                resumes += 1
                stalls += error.stalled
                has_grown = part.size > size_before
                if not has_grown or resumes > MAX_RESUMES or stalls > MAX_STALLS:
                    raise FetchError(str(error)) from error
                events.note(f"{error} after {size_text(part.size)}: continuing")
                continue
        if part.sha256 == artifact.sha256:
            return
        digest = part.sha256
        part.restart()
        if not may_restart or (size_before == 0 and resumes == 0):
            raise FetchError(f"its file has other bytes than declared (SHA-256 {digest[:16]}…)")
        may_restart = False  # the first bytes may have come from elsewhere
        events.note("the downloaded bytes are wrong: starting again")


def _transfer(
    url: str, artifact: Artifact, part: PartFile, events: DownloadEvents, timeout: float
) -> None:
    """Append the missing bytes to the part. Raises ``FetchError``; ``BrokenError`` if some lack."""
    with open_url(url, part.size, part.validator(url), timeout) as reply:
        if reply.start != part.size:
            part.restart()
        total = _checked_total(reply, artifact)
        _check_space(part, (artifact.size or total or 0) - part.size)
        part.remember(url, reply.validator)
        events.begin(artifact.name, part.size, artifact.size or total, urlsplit(url).netloc)
        window_start, window_size = time.monotonic(), part.size
        while data := reply.read(_CHUNK):
            if part.size + len(data) > (artifact.size or total or MAX_BYTES):
                part.restart()
                raise FetchError("the server sent more bytes than declared")
            part.append(data)
            events.advance(len(data))
            now = time.monotonic()
            if now - window_start > timeout:
                if part.size - window_size < MIN_RATE * timeout:
                    raise FetchError(f"the server sent under {MIN_RATE} bytes per second")
                window_start, window_size = now, part.size
    expected = artifact.size or total
    if expected and part.size < expected:
        raise BrokenError("the connection broke off")


def _checked_total(reply: Reply, artifact: Artifact) -> int | None:
    """Return the size of the file as the server states it, if it can be right."""
    total = reply.total
    if total is not None and artifact.size and total != artifact.size:
        raise FetchError(f"its file has {total:,} bytes, not the declared {artifact.size:,}")
    if total is not None and total > MAX_BYTES:
        raise FetchError(f"its file has {total:,} bytes, more than any file of weights")
    return total


def _check_space(part: PartFile, missing: int) -> None:
    free = shutil.disk_usage(part.path.parent).free
    if missing > free:
        raise EnvironmentProblem(
            f"no room for {size_text(missing)} in '{part.path.parent}'",
            f"{size_text(free)} are free",
            "make room, or set COLORTK_WEIGHTS to a folder on another disk",
        )
