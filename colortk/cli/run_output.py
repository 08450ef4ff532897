"""What ``colortk run`` tells: each picture as it is done, and at the end how it went."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from colortk.batch.records import STANDARD, Record
from colortk.cli.common import print_json
from colortk.cli.main import say
from colortk.cli.output import print_line
from colortk.cli.startup import drop_output
from colortk.errors import ColortkError, UsageError
from colortk.io.files import refuse_special, write_atomic
from colortk.io.regular_files import open_append

#: Failures that are listed again at the end, and pictures from which on they have scrolled away.
AGAIN, MANY = 20, 50


class Report:
    """A file of JSON Lines, one record a picture, as they are done.

    With ``resume`` one that is there goes on, and what it told of is not told again. Lines that the
    disk has no room for wait until it has. Raises ``UsageError`` if it cannot be written, or is
    there.
    """

    def __init__(self, path: Path, force: bool, resume: bool) -> None:
        self.path, self.problem = path, ""
        self._goes_on = False
        self._waiting = b""
        if str(path) == STANDARD:
            raise UsageError("--report -", "a report is a file", "--json prints to standard output")
        refuse_special(path, UsageError)
        try:
            self._goes_on = resume and path.exists() and path.stat().st_size > 0
            if force and not resume:
                write_atomic(path, b"", force=True)
            handle = open_append(path, exclusive=not (force or resume))
            self._file = os.fdopen(handle, "ab", buffering=0)
            if self._goes_on and path.read_bytes()[-1:] != b"\n":  # torn by a crash
                self._waiting = b"\n"
        except FileExistsError:
            raise UsageError(
                f"'{path}' exists", hint="use --force to overwrite or --resume to go on with it"
            ) from None
        except OSError as error:
            why = error.strerror or str(error)
            raise UsageError(f"cannot write the report '{path}'", why) from error
        except ColortkError as error:
            raise UsageError(error.problem, error.reason, error.hint) from error

    def add(self, record: Record) -> None:
        """Write a record; a report that cannot be written stops nothing else."""
        if self._goes_on and record.resumed:
            return
        self._waiting += f"{json.dumps(record.as_dict())}\n".encode()
        self.flush()

    def flush(self) -> None:
        """Write what waits, whole lines of it, if there is room now; ``problem`` says why not."""
        if not self._waiting:
            return
        try:
            count = self._file.write(self._waiting)
            whole = self._waiting.rfind(b"\n", 0, count) + 1
            self.problem = ""
            if count < len(self._waiting):
                self.problem = os.strerror(errno.ENOSPC)
                self._file.truncate(self._file.tell() - count + whole)
            self._waiting = self._waiting[whole:]
        except OSError as error:
            self.problem = error.strerror or str(error)

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            self._file.close()


class Narrator:
    """Counts the records and tells of them.

    ``total``: pictures. ``to_stdout``: stdout is for a picture, not for names.
    """

    def __init__(self, total: int, as_json: bool, to_stdout: bool, report: Report | None) -> None:
        self.total, self._json, self._to_stdout, self._report = total, as_json, to_stdout, report
        self.done = self.skipped = self.resumed = self.failed = self.incomplete = 0
        self.incomplete_before = 0
        self._results = 0
        self.output_problem: OSError | None = None
        self._result: Record | None = None
        self._failures: list[str] = []  # the first of them: memory does not grow with pictures

    def tell(self, record: Record) -> None:
        """A picture is done."""
        self.failed += record.error is not None
        self.resumed += record.resumed
        self.skipped += record.skipped and not record.resumed
        self.done += record.error is None and not record.skipped
        incomplete = record.error is None and record.missing is not None
        self.incomplete += incomplete and not record.resumed
        self.incomplete_before += incomplete and record.resumed
        if record.result_of is not None:
            self._result, self._results = self._result or record, self._results + 1
        if self._report is not None:
            self._report.add(record)
        if self._json and not self._to_stdout:
            self._print(lambda: print_json(record.as_dict()))
        elif self._json:
            with contextlib.suppress(OSError, ValueError):  # stderr is closed or full
                print(json.dumps(record.as_dict()), file=sys.stderr)
        for note in record.notes:
            say(f"note: {note}")
        if record.error:
            say(record.error)
            if len(self._failures) < AGAIN:
                self._failures.append(record.error)
        elif not self._json and not self._to_stdout and not record.skipped:
            self._print(lambda: print_line(record.output))

    def _print(self, write: Callable[[], None]) -> None:
        """Print to stdout; that it is closed or full stops no picture."""
        if self.output_problem is not None:
            return
        try:
            write()
        except OSError as error:
            self.output_problem = error
            drop_output()

    def stopped(self) -> None:
        """It was interrupted: how to go on."""
        if self.total > 1:
            known = self.done + self.resumed
            say(f"{known} of {self.total} are done: the same with --resume does the rest")

    def end(self) -> None:
        """All pictures are done."""
        if self._result is not None:
            first, more = self._result, self._results - 1
            say(
                f"note: '{first.input}' is the result of '{first.result_of}'"
                + (f", and {more} more are results" if more else "")
                + ": skipped (name them, with -o, to colorize them too)"
            )

    def sum_up(self, full: bool) -> None:
        """The last lines: failures once more where they have scrolled away, and the counts.

        ``full``: the disk is, and the rest was left.
        """
        if self._failures and self.total > MANY:
            say(f"{self.failed} failed:")
            for line in self._failures:
                say(f"  {line}")
            if self.failed > len(self._failures):
                where = "all are in '{}'" if self._report else "--report FILE has all of them"
                place = where.format(self._report.path if self._report else "")
                say(f"  and {self.failed - len(self._failures)} more ({place})")
        if full:
            known = self.done + self.resumed
            say(
                f"the disk is full: {known} of {self.total} are done"
                " (make room: the same with --resume does the rest)"
            )
        if self._report is not None:
            self._report.flush()
        if self._report is not None and self._report.problem:
            say(f"cannot write the report '{self._report.path}': {self._report.problem}")
        if self.output_problem is not None:
            why = self.output_problem.strerror or str(self.output_problem)
            say(f"cannot print the results to standard output: {why}")
        if self.total == self.resumed == 1 and not self.incomplete_before and not self._json:
            say("done before: nothing is left of it")
        if self.total > 1 and not self._json:
            before = f", {self.resumed} done before" if self.resumed else ""
            before += f" ({self.incomplete_before} of them incomplete)" * bool(
                self.incomplete_before
            )
            skipped = f", {self.skipped} skipped" if self.skipped else ""
            incomplete = f" ({self.incomplete} of them incomplete)" if self.incomplete else ""
            say(f"{self.done} colorized{incomplete}{before}{skipped}, {self.failed} failed")
