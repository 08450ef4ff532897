"""A table in LaTeX, with the rules of the package booktabs; graphicx shrinks wide tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from colortk.harness.table_marks import Mark
from colortk.report.latex_text import latex_text

#: With more columns, a table is as wide as the page, and its text is smaller.
MAX_NARROW_COLUMNS = 6
#: Makes what follows as narrow as the page, and leaves it as it is if it is narrow enough.
SHRINK = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
#: Packages that the document has to load.
PACKAGES = ("booktabs", "graphicx")


@dataclass(frozen=True)
class LatexCell:
    """A number with its mark; ``interval`` is printed under it, ``""`` if there is none."""

    text: str
    mark: Mark = ""
    interval: str = ""


@dataclass(frozen=True)
class LatexTable:
    """A table with its caption; all texts are plain text.

    Parameters
    ----------
    label : str
        Name by which ``\\ref`` refers to the table: letters, digits and ``-``.
    caption : str
        Sentences above the table.
    head : sequence of str
        Headings of the columns; the first one is that of the names.
    rows : sequence of (str, sequence of LatexCell)
        Name and cells of each row.
    notes : sequence of str
        Lines under the table.
    comments : sequence of str
        Lines that only the file has, beside one that names the packages.
    """

    label: str
    caption: str
    head: Sequence[str]
    rows: Sequence[tuple[str, Sequence[LatexCell]]]
    notes: Sequence[str]
    comments: Sequence[str]

    def render(self) -> str:
        r"""Return the source of the table. The document has to load :data:`PACKAGES`."""
        wide = len(self.head) > MAX_NARROW_COLUMNS
        environment = "table*" if wide else "table"
        # A name may contain the end of a line, which would end the comment.
        comments = [rf"needs \usepackage{{{','.join(PACKAGES)}}}", *self.comments]
        lines = [f"% {' '.join(line.split())}" for line in comments]
        lines += [
            rf"\begin{{{environment}}}",
            r"\centering",
            rf"\caption{{{latex_text(self.caption)}}}",
            rf"\label{{tab:{self.label}}}",
            *([r"\footnotesize", r"\setlength{\tabcolsep}{4pt}"] if wide else [r"\small"]),
            *([SHRINK] if wide else []),
            rf"\begin{{tabular}}{{l{'r' * (len(self.head) - 1)}}}",
            r"\toprule",
            _line([latex_text(cell) for cell in self.head]),
            r"\midrule",
        ]
        for name, cells in self.rows:
            lines.append(_line([latex_text(name), *map(_number, cells)]))
            if any(cell.interval for cell in cells):
                lines += [_line(["", *map(_interval, cells)]), r"\addlinespace[2pt]"]
        lines += [r"\bottomrule", r"\end{tabular}" + "}" * wide]
        if self.notes:
            notes = r"\\".join(map(latex_text, self.notes))
            lines += [
                r"\par\smallskip",
                rf"\begin{{minipage}}{{\linewidth}}\scriptsize\raggedright {notes}\end{{minipage}}",
            ]
        return "\n".join([*lines, rf"\end{{{environment}}}"]) + "\n"


def _line(cells: Sequence[str]) -> str:
    # LaTeX would take a bracket or a star after the end of a line for its argument.
    return "{}" * (cells[0][:1] in ("[", "*", "")) + " & ".join(cells) + r" \\"


def _number(cell: LatexCell) -> str:
    command = {"best": r"\textbf{%s}", "second": r"\underline{%s}", "": "%s"}[cell.mark]
    return command % _with_minus(cell.text)


def _interval(cell: LatexCell) -> str:
    return rf"{{\scriptsize {_with_minus(cell.interval)}}}" if cell.interval else ""


def _with_minus(text: str) -> str:
    return "--" if text == "-" else latex_text(text.replace("-", "−"))
