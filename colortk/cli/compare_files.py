"""Write the output files and figures of ``colortk compare``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from colortk.cli.output import escape_text, print_message

if TYPE_CHECKING:
    from colortk.harness.comparison import Comparison


@dataclass(frozen=True)
class ContentOptions:
    """What output files contain.

    Parameters
    ----------
    per_image : bool
        Add the scores of each picture to CSV.
    latex_intervals : bool
        Add the interval of each mean to LaTeX.
    store : Path or None
        Folder of the store, which has the pictures of the report.
    """

    per_image: bool
    latex_intervals: bool
    store: Path | None


def write(
    files: dict[str, Path | None], comparison: Comparison, content: ContentOptions, force: bool
) -> bool:
    """Write the files of a comparison, each completely or not at all.

    If one file cannot be written, the others are written all the same.

    Parameters
    ----------
    files : dict of str to Path or None
        The files by their kind: ``html``, ``csv``, ``markdown`` or ``latex``; ``-`` is standard
        output.
    comparison : Comparison
    content : ContentOptions
    force : bool
        Overwrite files.

    Returns
    -------
    bool
        Whether a file could not be written.
    """
    from colortk.errors import ColortkError
    from colortk.io.files import open_atomic

    failed = False
    # Standard output last: an error there ends the command.
    for kind, path in sorted(files.items(), key=lambda item: str(item[1]) == "-"):
        if path is None:
            continue
        try:
            if str(path) == "-":
                _write(sys.stdout.buffer, kind, comparison, content, for_terminal=True)
                sys.stdout.buffer.flush()
            else:
                with open_atomic(path, force) as file:
                    _write(file, kind, comparison, content)
        except ColortkError as error:
            print_message(str(error))
            failed = True
    return failed


def _write(
    file: BinaryIO,
    kind: str,
    comparison: Comparison,
    content: ContentOptions,
    for_terminal: bool = False,
) -> None:
    """Write the content of one file piece by piece; text for a terminal cannot steer it."""
    from colortk.report.csv import write_csv
    from colortk.report.latex import to_latex
    from colortk.report.markdown import to_markdown

    if kind == "html":
        from colortk.report.html import write_html

        write_html(file, comparison, content.store)
        return
    text = _TextWriter(file, for_terminal)
    if kind == "csv":
        write_csv(text, comparison, content.per_image)
    elif kind == "latex":
        text.write(to_latex(comparison, content.latex_intervals))
    else:
        text.write(to_markdown(comparison))


class _TextWriter:
    """Write text as UTF-8 in which names that are not Unicode are escaped."""

    def __init__(self, file: BinaryIO, for_terminal: bool) -> None:
        self._file, self._for_terminal = file, for_terminal

    def write(self, text: str) -> int:
        """Write a text; escape the characters that steer a terminal, if it may be one."""
        data = text.encode("utf-8", "backslashreplace")
        if self._for_terminal:
            data = escape_text(data.decode()).encode()
        return self._file.write(data)


def write_figures(folder: Path, comparison: Comparison, store: Path | None, force: bool) -> bool:
    """Write the figures of a comparison. Return whether one could not be written."""
    from colortk.errors import ColortkError
    from colortk.report.figures.write import write_figures as write_all

    try:
        paths = write_all(folder, comparison, store, force)
    except ColortkError as error:
        print_message(str(error))
        return True
    print_message(f"wrote {len(paths)} figures to '{folder}'")
    return False
