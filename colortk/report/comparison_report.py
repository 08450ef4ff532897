"""A comparison that can render itself: as text, Markdown, LaTeX, HTML, CSV or a pandas table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any

from colortk.harness.comparison import Comparison
from colortk.harness.films.comparison import FilmComparison


@dataclass(repr=False)
class ComparisonReport(Comparison):
    """The comparison that :func:`colortk.compare` returns.

    ``print(report)`` prints its tables as Markdown; a notebook shows them. ``report.films`` is the
    comparison on films, if films were given, and ``report.gray`` the one on gray originals.
    """

    def to_markdown(self) -> str:
        """Return the ranked tables and paired differences as Markdown."""
        from colortk.report.markdown import to_markdown

        return to_markdown(self)

    def to_latex(self, intervals: bool = False) -> str:
        """Return the ranked tables as LaTeX (booktabs), on request with 95 % intervals."""
        from colortk.report.latex import to_latex

        return to_latex(self, intervals)

    def to_csv(self, per_image: bool = False) -> str:
        """Return the mean scores as CSV, or with ``per_image`` the scores of each picture."""
        from colortk.report.csv import to_csv

        return to_csv(self, per_image)

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame``: one row a picture and plugin, one column a metric.

        Raises
        ------
        PluginError
            If pandas is not installed.
        """
        from colortk.report.data_frame import to_data_frame

        return to_data_frame(self)

    def save_html(
        self, path: str | PathLike[str], store: Path | None = None, force: bool = False
    ) -> None:
        """Write a page with all pictures, as ``colortk compare --html`` does.

        Parameters
        ----------
        path : path
            The file to write.
        store : Path, optional
            Folder of the store that has the results.
        force : bool
            Overwrite the file if it exists.
        """
        from colortk.io.files import open_atomic
        from colortk.report.html import write_html

        with open_atomic(Path(path), force) as file:
            write_html(file, self, store)

    def _repr_html_(self) -> str:
        from colortk.report.notebook import to_notebook_html

        return to_notebook_html(self)

    def __str__(self) -> str:
        return self.to_markdown()


@dataclass(repr=False)
class FilmComparisonReport(ComparisonReport, FilmComparison):
    """The part of a :class:`ComparisonReport` that is about films."""


def report_of(comparison: Comparison) -> ComparisonReport:
    """Return a comparison with methods that render it."""
    values = {field.name: getattr(comparison, field.name) for field in fields(comparison)}
    films = comparison.films
    if films is not None:
        values["films"] = FilmComparisonReport(
            **{field.name: getattr(films, field.name) for field in fields(films)}
        )
    return ComparisonReport(**values)
