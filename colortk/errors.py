"""Expected failures: one line that says what, why and what to do, and an exit code.

Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations

import errno


class ColortkError(Exception):
    """An expected failure. ``what`` went wrong, ``why``, and what to ``do`` about it."""

    exit_code = 1

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        self.what, self.why, self.do = what, why, do
        super().__init__(str(self))

    def __str__(self) -> str:
        line = self.what
        if self.why:
            line += f": {self.why}"
        if self.do:
            line += f" ({self.do})"
        return " ".join(line.split())

    def __reduce__(self) -> tuple[type[ColortkError], tuple[str, str, str]]:
        return type(self), (self.what, self.why, self.do)


class PictureError(ColortkError):
    """One picture cannot be read, colorized or written; the others can (exit 1)."""


class DamagedPictureError(PictureError):
    """A picture file is damaged; a part of it may still be decoded (exit 1)."""


class UsageError(ColortkError):
    """The command or the call is wrong (exit 2)."""

    exit_code = 2


class PluginError(ColortkError):
    """A plugin is unknown, broken or lacks a module (exit 3)."""

    exit_code = 3


class PredictionError(PictureError):
    """A plugin ran on a picture and crashed, hung or returned something unusable (exit 1)."""


class ArtifactError(ColortkError):
    """A trained artifact or a pickle is missing, damaged or not trusted (exit 4)."""

    exit_code = 4


class EnvironmentProblem(ColortkError):
    """The machine lacks something that every command needs (exit 3)."""

    exit_code = 3


class Notice(UserWarning):
    """Something that the user should know and that stops nothing; the command prints it."""


#: What libraries say where they cannot allocate, in lower case. Each has its own exceptions.
_NO_MEMORY = (
    "bad_alloc", "bad allocation", "insufficient memory", "outofmemory", "out of memory",
    "not enough memory", "failed to allocate", "cannot allocate", "could not allocate",
    "unable to allocate", "allocate memory", "can't start new thread", "failed to map segment",
    "resource_exhausted", "resource exhausted", "pthread_create failed",
)  # fmt: skip


def out_of_memory(error: BaseException | None) -> bool:
    """Whether ``error``, or an error that caused it, says that memory ran out."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        if any(sign in str(error).lower() for sign in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False
