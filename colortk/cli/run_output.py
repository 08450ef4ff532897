"""The output of ``colortk run``: a line for each finished picture, and a summary."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from colortk.batch.results import FileResult
from colortk.cli.common import print_json
from colortk.cli.output import print_line, print_message
from colortk.cli.startup import drop_output

if TYPE_CHECKING:
    from colortk.cli.run_report import JsonLinesReport

#: With more pictures than this, errors have scrolled away and are printed again at the end.
MANY_PICTURES = 50
#: Messages that are remembered, so that versions of one picture do not repeat them.
MAX_REMEMBERED = 64
#: Most errors that are printed again.
MAX_REPEATED_ERRORS = 20


class ResultPrinter:
    """Counts results and prints them.

    Parameters
    ----------
    total : int
        Number of pictures.
    as_json : bool
        Print JSON.
    to_stdout : bool
        Standard output gets a picture: names are not printed, and JSON goes to stderr.
    report : JsonLinesReport or None

    Attributes
    ----------
    done, skipped, resumed, failed : int
        Pictures that were colorized, that were skipped, that an earlier run has done, and that
        failed.
    incomplete, resumed_incomplete : int
        Results that lack a part of a damaged picture; among ``done`` and among ``resumed``.
    output_problem : OSError or None
        Why standard output could not be written.
    """

    def __init__(
        self, total: int, as_json: bool, to_stdout: bool, report: JsonLinesReport | None
    ) -> None:
        self.total, self._json, self._to_stdout, self._report = total, as_json, to_stdout, report
        self.done = self.skipped = self.resumed = self.failed = 0
        self.incomplete = self.resumed_incomplete = 0
        self.output_problem: OSError | None = None
        self._first_earlier_result: FileResult | None = None
        self._earlier_results = 0
        self._messages: deque[tuple[str, str]] = deque(maxlen=MAX_REMEMBERED)
        self._errors: list[str] = []  # the first ones only: there may be a million

    @property
    def success(self) -> bool:
        """Whether every picture has a complete result and everything was printed and written."""
        problems = self.output_problem is not None or bool(self._report and self._report.problem)
        return not (self.failed or self.incomplete or self.resumed_incomplete or problems)

    def print_result(self, result: FileResult) -> None:
        """Count the result of a picture, print it, and add it to the report."""
        self._count(result)
        if self._report is not None:
            self._report.add(result)
        if self._json and not self._to_stdout:
            self._print(lambda: print_json(result.as_dict()))
        elif self._json:
            with contextlib.suppress(OSError, ValueError):  # stderr is closed or full
                print(json.dumps(result.as_dict()), file=sys.stderr)
        for note in result.notes:
            self._print_once(f"note: {note}", result)
        if result.error:
            self._print_once(result.error, result)
            if len(self._errors) < MAX_REPEATED_ERRORS:
                self._errors.append(result.error)
        elif not self._json and not self._to_stdout and not result.skipped:
            self._print(lambda: print_line(result.output))

    def _print_once(self, message: str, result: FileResult) -> None:
        """Print a message; the same one for other versions of a picture only once."""
        if result.variant is not None:
            if (result.input, message) in self._messages:
                return
            self._messages.append((result.input, message))
        print_message(message)

    def _count(self, result: FileResult) -> None:
        self.failed += result.error is not None
        self.resumed += result.resumed
        self.skipped += result.skipped and not result.resumed
        self.done += result.error is None and not result.skipped
        incomplete = result.error is None and result.missing is not None
        self.incomplete += incomplete and not result.resumed
        self.resumed_incomplete += incomplete and result.resumed
        if result.result_of is not None:
            self._first_earlier_result = self._first_earlier_result or result
            self._earlier_results += 1

    def _print(self, write: Callable[[], None]) -> None:
        """Print to standard output; if it is closed or full, pictures go on."""
        if self.output_problem is not None:
            return
        try:
            write()
        except OSError as error:
            self.output_problem = error
            drop_output()

    def print_interrupted(self) -> None:
        """Print how to continue a batch that was interrupted."""
        if self.total > 1:
            print_message(f"{self._finished()} done. Run the same command with --resume to finish.")

    def print_summary(self, disk_full: bool) -> None:
        """Print skipped pictures, errors that have scrolled away, and the counts.

        Parameters
        ----------
        disk_full : bool
            The disk is full, and the rest of the pictures was not begun.
        """
        self._print_earlier_results()
        if self.total > MANY_PICTURES:
            self._repeat_errors()
        if disk_full:
            print_message(
                f"the disk is full: {self._finished()} done"
                " (free some disk space and run the same command with --resume to finish)"
            )
        if self._report is not None:
            self._report.flush()
            if self._report.problem:
                reason = self._report.problem
                print_message(f"cannot write the report '{self._report.path}': {reason}")
        if self.output_problem is not None:
            reason = self.output_problem.strerror or str(self.output_problem)
            print_message(f"cannot print the results to standard output: {reason}")
        if self._json:
            return
        if self.total > 1:
            print_message(self._counts())
        elif self.resumed and not self.resumed_incomplete:
            print_message("already done: nothing to do")

    def _finished(self) -> str:
        return f"{self.done + self.resumed} of {self.total}"

    def _counts(self) -> str:
        counts = [f"{self.done} colorized" + _incomplete(self.incomplete)]
        if self.resumed:
            counts.append(f"{self.resumed} already done" + _incomplete(self.resumed_incomplete))
        if self.skipped:
            counts.append(f"{self.skipped} skipped")
        return ", ".join([*counts, f"{self.failed} failed"])

    def _print_earlier_results(self) -> None:
        first = self._first_earlier_result
        if first is None:
            return
        rest_text = f" and {self._earlier_results - 1} more" if self._earlier_results > 1 else ""
        print_message(
            f"note: skipped '{first.input}'{rest_text}: it is the result of '{first.result_of}'"
            " (to colorize it again, give its name and -o)"
        )

    def _repeat_errors(self) -> None:
        if not self._errors:
            return
        print_message(f"{self.failed} failed:")
        for error in self._errors:
            print_message(f"  {error}")
        if self.failed > len(self._errors):
            hidden_count = self.failed - len(self._errors)
            hint = "use --report FILE to get all of them"
            if self._report is not None:
                hint = f"see '{self._report.path}' for all of them"
            print_message(f"  and {hidden_count} more ({hint})")


def _incomplete(count: int) -> str:
    return f" ({count} of them incomplete)" if count else ""
