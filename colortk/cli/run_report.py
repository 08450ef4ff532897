"""The file that ``colortk run --report`` writes: one JSON object per picture and line."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path

from colortk.batch.options import STANDARD_STREAM
from colortk.batch.results import FileResult
from colortk.errors import ColortkError, UsageError
from colortk.io.files import refuse_special, write_atomic
from colortk.io.regular_files import open_append


class JsonLinesReport:
    """A file of JSON lines, one for each picture, in completion order.

    Lines for which the disk has no room are written when it has.

    Parameters
    ----------
    path : Path
    force : bool
        Overwrite a file that exists.
    resume : bool
        Append to a file that exists, but leave out pictures that an earlier run has reported.

    Attributes
    ----------
    problem : str
        Why lines could not be written; empty if all were.

    Raises
    ------
    UsageError
        The file exists or cannot be written.
    """

    def __init__(self, path: Path, force: bool, resume: bool) -> None:
        self.path, self.problem = path, ""
        self._continues = False
        self._waiting = b""
        if str(path) == STANDARD_STREAM:
            reason = "a report is a file"
            raise UsageError("--report - cannot be used", reason, "use --json for standard output")
        refuse_special(path, UsageError)
        try:
            self._continues = resume and path.exists() and path.stat().st_size > 0
            if force and not resume:
                write_atomic(path, b"", force=True)
            handle = open_append(path, exclusive=not (force or resume))
            self._file = os.fdopen(handle, "ab", buffering=0)
            if self._continues and path.read_bytes()[-1:] != b"\n":  # a crash has torn the line
                self._waiting = b"\n"
        except FileExistsError:
            hint = "use --force to overwrite it or --resume to append to it"
            raise UsageError(f"the report '{path}' exists", "", hint) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(f"cannot write the report '{path}'", reason) from error
        except ColortkError as error:
            raise UsageError(error.problem, error.reason, error.hint) from error

    def add(self, result: FileResult) -> None:
        """Write the result of a picture. An error is kept in ``problem`` and stops nothing."""
        if self._continues and result.resumed:
            return
        self._waiting += f"{json.dumps(result.as_dict())}\n".encode()
        self.flush()

    def flush(self) -> None:
        """Write the lines that wait, if the disk has room now; only complete lines are written."""
        if not self._waiting:
            return
        try:
            count = self._file.write(self._waiting)
            complete = self._waiting.rfind(b"\n", 0, count) + 1
            self.problem = ""
            if count < len(self._waiting):
                self.problem = os.strerror(errno.ENOSPC)
                self._file.truncate(self._file.tell() - count + complete)
            self._waiting = self._waiting[complete:]
        except OSError as error:
            self.problem = error.strerror or str(error)

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            self._file.close()
