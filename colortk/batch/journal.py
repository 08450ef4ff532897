"""The journal of a batch: a file of begun and finished outputs, so that a stopped run can go on.

There is one journal in the store for each combination of plugin, weights, code and options. Runs
with the same combination share it. Each line is a JSON object and is appended in one write, so that
the lines of two runs at once do not mix. A line starts with a line break, which ends a line that a
crash has torn; incomplete lines are ignored. Lines for which the disk has no room are written
later.

An output is finished if

- a line says so, its input has the size and the time of that line, and the output has its size; or
- a line says that it was begun where no file was, and the output exists: outputs are written
  completely or not at all. Where truncated inputs are allowed, the output may be incomplete; it is
  colorized again.

An output that lacks a part of a damaged input is *partial*. It is reported again by each run that
resumes, and replaced when its input has changed.

The file is ``runs/KEY.jsonl`` in the store. ``KEY`` is a part of the SHA-256 of the values on which
results depend (:mod:`colortk.batch.journal_key`). The first line has the event ``about`` and these
values. Each other line has these fields:

========== ================================================================================
``event``   ``begun`` or ``forced`` (begun, and a file that exists is overwritten) before the
            output is written; ``done``, ``partial`` or ``failed`` after it
``input``   absolute path of the picture
``output``  absolute path of the result
``size``    bytes of the input; 0 if unknown
``mtime``   time of the last change of the input, in nanoseconds
``bytes``   bytes of the output, −1 for ``failed`` (not with ``begun`` and ``forced``)
``unsure``  true if the output may be incomplete, since truncated inputs are allowed
            (``begun`` and ``forced`` only)
``written`` time of the last change of the output, in nanoseconds (``partial`` only)
``missing`` rows that are missing: :meth:`colortk.io.missing_lines.Missing.as_dict`
            (``partial`` only)
========== ================================================================================
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from colortk.batch.results import FileResult
from colortk.errors import UsageError
from colortk.io.missing_lines import Missing
from colortk.io.regular_files import open_append, open_regular

#: Seconds between two synchronizations with the disk: a power cut loses no more than this.
SYNC_INTERVAL = 1.0
#: Most bytes of lines that wait for room on the disk; with more of them the journal is given up.
MAX_WAITING_BYTES = 1 << 18
_sync = getattr(os, "fdatasync", os.fsync)


class FinishedOutput(NamedTuple):
    """A finished output: size and time of its input, its own size and time, and missing lines."""

    input_size: int
    input_mtime: int
    size: int
    mtime: int = 0
    missing: dict[str, Any] | None = None


class UnfinishedOutput(NamedTuple):
    """An output that was begun and has no end; its file may be partial."""

    source: str
    input_size: int
    input_mtime: int
    may_be_partial: bool


class Journal:
    """The journal for one combination of plugin, weights, code and options.

    Parameters
    ----------
    store : Path
        Folder of the store.
    key : dict of str to str
        The values that results depend on; see :func:`colortk.batch.journal_key.journal_key`.
    resumes : bool
        Read the outputs that earlier runs have finished.

    Attributes
    ----------
    path : Path
        The file.
    resumes : bool
    problem : str
        Why lines could not be written; empty if all were.

    Raises
    ------
    UsageError
        The file cannot be opened, and the run resumes.
    """

    def __init__(self, store: Path, key: dict[str, str], resumes: bool = False) -> None:
        text = json.dumps(key, sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        self.path = store / "runs" / f"{name}.jsonl"
        self.resumes, self.problem = resumes, ""
        self._finished: dict[str, dict[str, FinishedOutput]] = {}  # by input, by output
        self._begun: dict[str, UnfinishedOutput] = {}  # by output
        self._open_inputs: dict[str, tuple[int, int]] = {}  # size and time, by output
        self._read_bytes, self._synced = 0, 0.0
        self._waiting = b""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: int | None = open_append(self.path)
            is_new = os.fstat(self._file).st_size == 0
        except OSError as error:
            self._file, is_new = None, False
            reason = error.strerror or str(error)
            self.problem = f"cannot write '{self.path}': {reason}"
            if resumes:
                raise UsageError(f"cannot resume with '{self.path}'", reason) from error
        if is_new:
            self._write(_line({"event": "about", **key}))
        if resumes:
            self.refresh()

    def close(self) -> None:
        """Write the waiting lines and close the file."""
        if self._waiting:
            self._write()
        if self._file is not None:
            with contextlib.suppress(OSError):
                _sync(self._file)
            os.close(self._file)
            self._file = None

    def outputs(self, name: str) -> list[str]:
        """Return the absolute paths of all finished outputs of the picture ``name``."""
        return list(self._finished.get(os.path.abspath(name), ()))

    def done(self, name: str, path: Path) -> bool:
        """Whether the output ``path`` of ``name`` is finished, and both files are unchanged."""
        if not self.resumes:
            return False
        source, output = os.path.abspath(name), os.path.abspath(path)
        output_record = self._finished.get(source, {}).get(output)
        try:
            sizes = (*_size_and_mtime(name), os.stat(path).st_size)
        except OSError:
            return False
        if output_record is not None:
            return sizes == output_record[:3]
        # There was no file when a run began with it, so the file that exists is from that run,
        # which had no time to write its line.
        return self._begun.get(output) == UnfinishedOutput(source, *sizes[:2], may_be_partial=False)

    def missing(self, name: str, path: Path) -> Missing | None:
        """Return the missing lines of the finished output ``path``; ``None`` if it is complete."""
        output_record = self._finished.get(os.path.abspath(name), {}).get(os.path.abspath(path))
        if output_record is None or output_record.missing is None:
            return None
        return Missing.from_dict(output_record.missing)

    def replaceable(self, name: str, path: Path) -> bool:
        """Return whether ``path`` may be partial and is unchanged since an earlier run wrote it."""
        if not self.resumes:
            return False
        source, output = os.path.abspath(name), os.path.abspath(path)
        unfinished, output_record = (
            self._begun.get(output),
            self._finished.get(source, {}).get(output),
        )
        if unfinished is not None and unfinished.may_be_partial and unfinished.source == source:
            return True
        if output_record is None or output_record.missing is None:
            return False
        try:
            status = os.stat(path)
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (output_record.size, output_record.mtime)

    def begin(
        self, name: str, path: Path, force: bool = False, may_be_partial: bool = False
    ) -> None:
        """Record that an output will be written.

        Parameters
        ----------
        name : str
            Name of the picture.
        path : Path
            Output path, where no file exists unless ``force`` is set.
        force : bool
            A file that exists is overwritten.
        may_be_partial : bool
            The file that exists afterward may lack a part of a damaged input.
        """
        stamp = (0, 0)
        with contextlib.suppress(OSError):
            stamp = _size_and_mtime(name)
        self._open_inputs[os.path.abspath(path)] = stamp
        extra_fields = {"unsure": True} if may_be_partial else {}
        self._append("forced" if force else "begun", name, path, stamp, **extra_fields)

    def record(self, name: str, path: Path, result: FileResult) -> None:
        """Record the result of a picture.

        Parameters
        ----------
        name : str
            Name of the picture.
        path : Path
            Output path that was begun.
        result : FileResult
        """
        self.end(name, path, result.error is None, result.missing)

    def end(
        self, name: str, path: Path, success: bool, missing: dict[str, Any] | None = None
    ) -> None:
        """Record that an output exists, or that it was not written.

        Parameters
        ----------
        name : str
            Name of the picture.
        path : Path
            Output path that was begun.
        success : bool
            The output exists.
        missing : dict or None
            The missing lines, as :meth:`colortk.io.missing_lines.Missing.as_dict` returns them.
        """
        stamp = self._open_inputs.pop(os.path.abspath(path), (0, 0))
        size, mtime = -1, 0
        with contextlib.suppress(OSError):
            status = os.stat(path)
            size, mtime = (status.st_size, status.st_mtime_ns) if success else (-1, 0)
        if size >= 0 and missing is not None:
            extra_fields: dict[str, Any] = {"written": mtime, "missing": missing}
            self._append("partial", name, path, stamp, bytes=size, **extra_fields)
        else:
            self._append("failed" if size < 0 else "done", name, path, stamp, bytes=size)
        if self._file is not None and time.monotonic() - self._synced > SYNC_INTERVAL:
            with contextlib.suppress(OSError):
                _sync(self._file)
            self._synced = time.monotonic()

    def refresh(self) -> None:
        """Read the lines that this run or others have appended since.

        Raises
        ------
        UsageError
            The file cannot be read.
        """
        try:
            with open_regular(self.path) as file:
                file.seek(self._read_bytes)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # another run is writing it
                    self._read_bytes += len(line)
                    self._parse(line)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(f"cannot resume with '{self.path}'", reason) from error

    def _parse(self, line: bytes) -> None:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            row: dict[str, Any] = json.loads(line)
            event, source, output = row["event"], row["input"], row["output"]
            stamp = int(row["size"]), int(row["mtime"])
            self._begun.pop(output, None)
            if event == "begun":
                self._begun[output] = UnfinishedOutput(source, *stamp, bool(row.get("unsure")))
            elif event == "done":
                finished = FinishedOutput(*stamp, int(row["bytes"]))
                self._finished.setdefault(source, {})[output] = finished
            elif event == "partial":
                missing = Missing.from_dict(row["missing"]).as_dict()
                finished = FinishedOutput(*stamp, int(row["bytes"]), int(row["written"]), missing)
                self._finished.setdefault(source, {})[output] = finished

    def _append(
        self, event: str, name: str, path: Path, stamp: tuple[int, int], **extra_fields: Any
    ) -> None:
        paths = {"input": os.path.abspath(name), "output": os.path.abspath(path)}
        row = {"event": event, **paths, "size": stamp[0], "mtime": stamp[1], **extra_fields}
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
            if len(data) > MAX_WAITING_BYTES:
                os.close(self._file)
                self._file, self._waiting = None, b""


def _line(row: dict[str, Any]) -> bytes:
    return f"\n{json.dumps(row)}\n".encode()


def _size_and_mtime(name: str) -> tuple[int, int]:
    status = os.stat(name)
    return status.st_size, status.st_mtime_ns
