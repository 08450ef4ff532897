"""Expected failures: one line that says what, why and what to do, and an exit code.

Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations


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
