"""Errors that colortk raises on purpose, each with a one-line message and an exit code.

Catch :class:`ColortkError` for all of them. Any other exception that escapes is a bug.
"""

from __future__ import annotations

import errno


class ColortkError(Exception):
    """An expected failure; the base class of all errors that colortk raises on purpose.

    Parameters
    ----------
    problem : str
        The problem, such as "cannot read 'a.tif'".
    reason : str
        Its reason, such as "the file is truncated after 3,000 bytes". Empty if it is unknown.
    hint : str
        A suggestion, such as "use --allow-truncated". Empty if there is none.

    Attributes
    ----------
    problem, reason, hint : str
        The three parts.
    exit_code : int
        Exit code of the command.

    Examples
    --------
    >>> from colortk.errors import UsageError
    >>> print(UsageError("no folder 'scans'", "pictures are read from a folder", "create it first"))
    no folder 'scans': pictures are read from a folder (create it first)
    """

    exit_code = 1

    def __init__(self, problem: str, reason: str = "", hint: str = "") -> None:
        self.problem, self.reason, self.hint = problem, reason, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        line = self.problem
        if self.reason:
            line += f": {self.reason}"
        if self.hint:
            line += f" ({self.hint})"
        return " ".join(line.split())

    def __reduce__(self) -> tuple[type[ColortkError], tuple[str, str, str]]:
        return type(self), (self.problem, self.reason, self.hint)


class PictureError(ColortkError):
    """A picture cannot be read, colorized or written. Other pictures are not affected (exit 1)."""


class DamagedPictureError(PictureError):
    """A picture file is damaged. A part of the picture may still be decoded (exit 1)."""


class UsageError(ColortkError):
    """The command or the call is wrong (exit 2)."""

    exit_code = 2


class PluginError(ColortkError):
    """A plugin is unknown, broken or lacks a module (exit 3)."""

    exit_code = 3


class PredictionError(PictureError):
    """A plugin crashed, hung or returned an unusable result for a picture (exit 1)."""


class ArtifactError(ColortkError):
    """A trained artifact or a pickle is missing, damaged or not trusted (exit 4)."""

    exit_code = 4


class EnvironmentProblem(ColortkError):
    """Something is missing on this machine or in its network, such as a library (exit 3)."""

    exit_code = 3


class Notice(UserWarning):
    """A warning for the user that stops nothing. The command prints it."""


#: Lower-case parts of the messages of libraries that cannot allocate memory. Each library has its
#: own exception classes.
_NO_MEMORY = (
    "bad_alloc", "bad allocation", "insufficient memory", "outofmemory", "out of memory",
    "not enough memory", "failed to allocate", "cannot allocate", "could not allocate",
    "unable to allocate", "allocate memory", "can't start new thread", "failed to map segment",
    "resource_exhausted", "resource exhausted", "pthread_create failed",
)  # fmt: skip


def out_of_memory(error: BaseException | None) -> bool:
    """Return whether ``error``, or an error that caused it, reports that memory ran out.

    Parameters
    ----------
    error : BaseException or None
        ``None`` gives false.
    """
    visited: set[int] = set()
    while error is not None and id(error) not in visited:
        visited.add(id(error))
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        if any(sign in str(error).lower() for sign in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False
