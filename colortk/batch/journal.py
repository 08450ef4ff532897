"""What is begun and done, line by line in a file, so that a run that was stopped can go on.

A picture is done if its line says so, its file has the size and the time of then, and its result
is still there with the size that was written; or if its line says that it was begun, and its
result is there, which is whole or not there. A result that lacks lines of a damaged picture is
partial: it is reported again as such, and is replaced where its input has changed. Where truncated
pictures are allowed, nobody knows whether a result whose end has no line is partial: it is made
again. There is one file for each way of colorizing
(plugin, weights, code, options, settings), in the store: runs that do the same share it, others
never meet. A line is appended in one write, so that two runs at once do not mix theirs, and ends
the line before it, which a crash may have torn; what is no whole line is passed over. Lines that
the disk has no room for are kept, and written when it has.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from colortk.batch.records import Settings
from colortk.errors import UsageError
from colortk.io.missing_lines import Missing
from colortk.io.regular_files import open_append, open_regular
from colortk.plugin.options import options_key, parse_options
from colortk.plugin.registry import registry
from colortk.runtime.loading import Request
from colortk.runtime.provenance import colorizer_code
from colortk.store.artifacts import artifacts_of

#: Seconds between two waits until the lines are on the disk: a power cut takes no more than that.
_FLUSH = 1.0
#: Bytes of lines that wait for room; with more of them no lines are written any more.
_WAITING = 1 << 18
_sync = getattr(os, "fdatasync", os.fsync)


def identity(request: Request, refine: str, settings: Settings) -> dict[str, str]:
    """What results depend on besides the pictures. Raises ``ColortkError``, as loading would."""
    spec = registry().colorizer(request.plugin)[1]
    return {
        "plugin": spec.name,
        "weights": artifacts_of(spec, request.weights).digest,
        "code": colorizer_code(spec, refine, "files"),
        "options": options_key(parse_options(spec, request.options)),
        "refine": refine,
        "strength": repr(settings.strength),
        "extension": settings.extension or "",
        "intermediates": str(settings.intermediates or ""),
    }


class Finished(NamedTuple):
    """A result: size and time of its input, its own size and time, and lines that are missing."""

    size: int
    mtime: int
    bytes: int
    written: int = 0
    missing: dict[str, Any] | None = None


class Begun(NamedTuple):
    """A result without an end; ``unsure``: what is at its path may be partial."""

    source: str
    size: int
    mtime: int
    unsure: bool


class Journal:
    """The lines of one way of colorizing.

    ``resumes``: whether what earlier runs have done is known and used. ``problem``: why lines could
    not be written, if that is so.
    """

    def __init__(self, store: Path, about: dict[str, str], resumes: bool = False) -> None:
        text = json.dumps(about, sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        self.path = store / "runs" / f"{name}.jsonl"
        self.resumes, self.problem = resumes, ""
        self._done: dict[str, dict[str, Finished]] = {}
        self._begun: dict[str, Begun] = {}
        self._inputs: dict[str, tuple[int, int]] = {}  # of what is begun now
        self._read, self._flushed = 0, 0.0
        self._waiting = b""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: int | None = open_append(self.path)
            new = os.fstat(self._file).st_size == 0
        except OSError as error:
            self._file, new = None, False
            why = error.strerror or str(error)
            self.problem = f"cannot write '{self.path}': {why}"
            if resumes:
                raise UsageError(f"cannot resume with '{self.path}'", why) from error
        if new:
            self._write(_line({"event": "about", **about}))
        if resumes:
            self.refresh()

    def close(self) -> None:
        """Close the file; nothing more is written."""
        if self._waiting:
            self._write()
        if self._file is not None:
            with contextlib.suppress(OSError):
                _sync(self._file)
            os.close(self._file)
            self._file = None

    def outputs(self, name: str) -> list[str]:
        """Results of the picture ``name`` that were finished, wherever they went."""
        return list(self._done.get(os.path.abspath(name), ()))

    def done(self, name: str, path: Path) -> bool:
        """Whether the result of ``name`` at ``path`` is finished, and both are as they were."""
        if not self.resumes:
            return False
        source, output = os.path.abspath(name), os.path.abspath(path)
        known = self._done.get(source, {}).get(output)
        try:
            now = (*_stamp(name), os.stat(path).st_size)
        except OSError:
            return False
        if known is not None:
            return now == known[:3]
        # It was free when a run began with it: what is there, whole, is what that run put there
        # and had no time to say.
        return self._begun.get(output) == Begun(source, *now[:2], unsure=False)

    def missing(self, name: str, path: Path) -> Missing | None:
        """Lines that the finished result of ``name`` at ``path`` lacks; ``None`` if it is whole."""
        known = self._done.get(os.path.abspath(name), {}).get(os.path.abspath(path))
        if known is None or known.missing is None:
            return None
        return Missing.from_dict(known.missing)

    def replaceable(self, name: str, path: Path) -> bool:
        """Whether an earlier run has made what is at ``path``, perhaps not whole, and nobody else."""
        if not self.resumes:
            return False
        source, output = os.path.abspath(name), os.path.abspath(path)
        begun, known = self._begun.get(output), self._done.get(source, {}).get(output)
        if begun is not None and begun.unsure and begun.source == source:
            return True
        if known is None or known.missing is None:
            return False
        try:
            status = os.stat(path)
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (known.bytes, known.written)

    def begin(self, name: str, path: Path, force: bool = False, unsure: bool = False) -> None:
        """The result of ``name`` will be written to ``path``, which is free, or not with ``force``.

        ``unsure``: what is there afterwards may be partial.
        """
        stamp = (0, 0)
        with contextlib.suppress(OSError):
            stamp = _stamp(name)
        self._inputs[os.path.abspath(path)] = stamp
        more = {"unsure": True} if unsure else {}
        self._tell("forced" if force else "begun", name, path, stamp, **more)

    def end(self, name: str, path: Path, good: bool, missing: dict[str, Any] | None = None) -> None:
        """The result is there, or was not made and nothing was written.

        ``missing``: lines that it lacks, as :meth:`colortk.io.missing_lines.Missing.as_dict` has them.
        """
        stamp = self._inputs.pop(os.path.abspath(path), (0, 0))
        size, written = -1, 0
        with contextlib.suppress(OSError):
            status = os.stat(path)
            size, written = (status.st_size, status.st_mtime_ns) if good else (-1, 0)
        if size >= 0 and missing is not None:
            more: dict[str, Any] = {"written": written, "missing": missing}
            self._tell("partial", name, path, stamp, bytes=size, **more)
        else:
            self._tell("failed" if size < 0 else "done", name, path, stamp, bytes=size)
        if self._file is not None and time.monotonic() - self._flushed > _FLUSH:
            with contextlib.suppress(OSError):
                _sync(self._file)
            self._flushed = time.monotonic()

    def refresh(self) -> None:
        """Take in what has been written since, by whatever run."""
        try:
            with open_regular(self.path) as file:
                file.seek(self._read)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # it is being written
                    self._read += len(line)
                    self._take(line)
        except OSError as error:
            raise UsageError(
                f"cannot resume with '{self.path}'", error.strerror or str(error)
            ) from error

    def _take(self, line: bytes) -> None:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            row: dict[str, Any] = json.loads(line)
            event, source, output = row["event"], row["input"], row["output"]
            stamp = int(row["size"]), int(row["mtime"])
            self._begun.pop(output, None)
            if event == "begun":
                self._begun[output] = Begun(source, *stamp, unsure=bool(row.get("unsure")))
            elif event == "done":
                self._done.setdefault(source, {})[output] = Finished(*stamp, int(row["bytes"]))
            elif event == "partial":
                lines = Missing.from_dict(row["missing"]).as_dict()
                finished = Finished(*stamp, int(row["bytes"]), int(row["written"]), lines)
                self._done.setdefault(source, {})[output] = finished

    def _tell(self, event: str, name: str, path: Path, stamp: tuple[int, int], **more: Any) -> None:
        places = {"input": os.path.abspath(name), "output": os.path.abspath(path)}
        row = {"event": event, **places, "size": stamp[0], "mtime": stamp[1], **more}
        self._write(_line(row))

    def _write(self, data: bytes = b"") -> None:
        if self._file is None:
            return
        data = self._waiting + data
        try:
            if os.write(self._file, data) != len(data):
                raise OSError("the disk is full")
            self._waiting, self.problem = b"", ""
        except OSError as error:  # the pictures matter more
            self.problem, self._waiting = error.strerror or str(error), data
            if len(data) > _WAITING:
                os.close(self._file)
                self._file, self._waiting = None, b""


def _line(row: dict[str, Any]) -> bytes:
    return f"\n{json.dumps(row)}\n".encode()


def _stamp(name: str) -> tuple[int, int]:
    status = os.stat(name)
    return status.st_size, status.st_mtime_ns
