"""The result of one picture of a batch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class FileResult:
    """The result of one picture; ``run --json`` prints it.

    Parameters
    ----------
    input : str
        Name of the picture; ``-`` is standard input.
    output : str or None
        Path of the result; ``-`` is standard output.
    plugin : str
        Name of the colorizer.
    width, height : int or None
        Size in pixels, after the EXIF rotation.
    seconds : dict of str to float
        Seconds by stage (``read``, ``predict``, ``chroma``, ``write``) and in ``total``.
    error : str or None
        Message if there is no result: the problem, its reason and a hint.
    skipped : bool
        The picture was not colorized, and this is not an error.
    result_of : str or None
        The input is itself a result, of this picture, and was skipped.
    notes : list of str
        Properties that the output format could not keep, and other remarks.
    resumed : bool
        An earlier run has made the result.
    no_room : bool
        The disk was full.
    missing : dict or None
        Rows or columns that a damaged file lacks and that are gray in the result, as
        :meth:`colortk.io.missing_lines.Missing.as_dict` returns them.
    foreign_weights : list of str
        Files of weights that the user named and whose SHA-256 the plugin does not declare.
    variant : int or None
        Number of the version of the picture, from 1; ``None`` if there is only one.
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
    foreign_weights: list[str] = field(default_factory=list)
    variant: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values by field name, seconds rounded to a tenth of a millisecond."""
        row = asdict(self)
        row["seconds"] = {stage: round(value, 4) for stage, value in self.seconds.items()}
        return row
