"""Options that write tables for papers, which ``compare`` and ``leaderboard`` share."""

from __future__ import annotations

from pathlib import Path

import click

LATEX = click.option(
    "--latex",
    "latex_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the tables as LaTeX, for the package booktabs.",
)
LATEX_INTERVALS = click.option(
    "--latex-intervals", is_flag=True, help="Add 95 % intervals to the tables of --latex."
)
FIGURES = click.option(
    "--figures",
    "figures_folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write figures as PDF to this folder; needs matplotlib.",
)


def check_latex_options(latex_file: Path | None, intervals: bool) -> None:
    """Refuse ``--latex-intervals`` without ``--latex``."""
    from colortk.errors import UsageError

    if intervals and latex_file is None:
        reason = "it adds intervals to these tables"
        raise UsageError("--latex-intervals needs --latex", reason, "add --latex FILE")
