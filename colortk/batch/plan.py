"""The plan for each picture of a batch, made before the first picture is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colortk.batch.results import FileResult

if TYPE_CHECKING:
    from colortk.io.missing_lines import Missing


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """Where a result is written.

    Parameters
    ----------
    path : str or None
        Output path; ``None`` is standard output. A string, as there may be a million of them.
    overwrite : bool
        Replace the file that exists.
    make_folder : bool
        Make the folders that do not exist.
    may_be_partial : bool
        A file at ``path`` may hold a part of a damaged picture.
    variant : int or None
        Number of the version that is written, from 1; ``None`` if there is only one.
    """

    path: str | None
    overwrite: bool = False
    make_folder: bool = False
    may_be_partial: bool = False
    variant: int | None = None


@dataclass(slots=True, eq=False)
class PlannedFile:
    """The plan for one picture.

    Parameters
    ----------
    name : str
        Name of the picture.
    target : OutputTarget or None
        Where the result goes; ``None`` if there is nothing to do.
    output : str or None
        Path of the result as messages have it.
    error : str or None
        Why the picture is refused.
    result_of : str or None
        The picture is a result, of this picture, and is skipped.
    skipped, resumed : bool
        The result exists; an earlier run has made it.
    missing : Missing or None
        The lines that the existing result of a damaged picture lacks.
    data : bytes or None
        Content of standard input or of a pipe, if it had to be read to know its file type.
    seconds : float
        Time that the plan took.
    variant : int or None
        Number of the version, from 1; ``None`` if there is only one.
    """

    name: str
    target: OutputTarget | None = None
    output: str | None = None
    error: str | None = None
    result_of: str | None = None
    skipped: bool = False
    resumed: bool = False
    missing: Missing | None = None
    data: bytes | None = None
    seconds: float = 0.0
    variant: int | None = None

    def result(self, plugin: str) -> FileResult:
        """Return the fields of the picture's result that are known before it is colorized."""
        result = FileResult(self.name, self.output, plugin, error=self.error, variant=self.variant)
        result.skipped, result.resumed, result.result_of = (
            self.skipped,
            self.resumed,
            self.result_of,
        )
        if self.target is None and self.result_of is None:
            result.seconds["total"] = self.seconds
        if self.missing is not None:
            report_missing(result, self.missing)
        return result


def report_missing(result: FileResult, missing: Missing) -> None:
    """Report that the result of an earlier run lacks a part of a damaged picture."""
    result.missing = missing.as_dict()
    result.notes.append(
        f"'{result.output}' is incomplete, as its input was damaged: {missing}"
        f" (to colorize it again, replace '{result.input}' by an intact copy and use --resume)"
    )
