"""What is to be done with every picture, and what became of one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from colortk.io.decode import MAX_PIXELS

#: The name of standard input, and as an output of standard output.
STANDARD = "-"


@dataclass(frozen=True)
class Settings:
    """What ``run`` does with every picture. ``folder``: ``output`` is one, to be made if missing."""

    output: Path | None = None
    folder: bool = False
    suffix: str = "-colorized"
    extension: str | None = None
    strength: float = 1.0
    force: bool = False
    skip_existing: bool = False
    max_pixels: int = MAX_PIXELS
    intermediates: Path | None = None
    allow_truncated: bool = False


@dataclass(frozen=True)
class Spot:
    """Where a result is written; no ``path`` is standard output.

    ``force``: over what is there. ``make``: with the folders that are missing.
    """

    path: Path | None
    force: bool = False
    make: bool = False


@dataclass
class Record:
    """What became of one picture; ``--json`` prints it.

    ``result_of``: the input is itself an earlier result, of this one, and was left alone.
    ``resumed``: an earlier run has done it (``--resume``). ``no_room``: the disk was full.
    ``missing``: lines that a damaged file does not hold, as
    :meth:`colortk.io.missing_lines.Missing.as_dict` has them; they are gray in the result.
    """

    input: str
    output: str | None
    plugin: str
    width: int | None = None
    height: int | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    skipped: bool = False
    result_of: str | None = None
    notes: list[str] = field(default_factory=list)
    resumed: bool = False
    no_room: bool = False
    missing: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON wants it."""
        row = asdict(self)
        row["seconds"] = {stage: round(value, 4) for stage, value in self.seconds.items()}
        return row
