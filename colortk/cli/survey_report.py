"""``colortk survey report``: print the result of a survey of any design."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from colortk.cli.common import JSON, print_json, print_table
from colortk.cli.output import escape_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from colortk.report.text_tables import Table
    from colortk.survey.pairs.session import PairSurvey
    from colortk.survey.session import Survey


@click.command("report", short_help="Print the result of a survey.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a report with pictures, in one file.",
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the table as CSV.",
)
@click.option("--per-answer", is_flag=True, help="Add each answer to --json and --csv.")
@click.option(
    "--codebook",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what the columns of --csv hold (pairs).",
)
@click.option(
    "--keep-uniform",
    "--keep-excluded",
    "keep_uniform",
    is_flag=True,
    help="Include raters whom a rule excludes.",
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@JSON
def report(
    folder: Path,
    html_file: Path | None,
    csv_file: Path | None,
    codebook: Path | None,
    per_answer: bool,
    keep_uniform: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Print how often raters called pictures real, for real pictures and for each plugin.

    Of a survey of pairs: Bradley-Terry scores, tests of each pair, wins, the agreement between
    raters, and how many raters would tell versions apart. The 95 % intervals account for the choice
    of raters and pictures. Raters who always gave the same answer, or failed attention checks, are
    excluded. The report can be printed while raters still answer. CSV and HTML can be written to
    '-', standard output.
    """
    from colortk.cli import compare_output as outputs
    from colortk.errors import UsageError
    from colortk.survey.open_survey import open_survey
    from colortk.survey.session import Survey

    if per_answer and not (as_json or csv_file):
        reason = "it adds each answer to these outputs"
        raise UsageError("--per-answer needs --json or --csv", reason, "add one of them")
    files = {"csv": csv_file, "html": html_file, "codebook": codebook}
    outputs.check_files(files, as_json, force)
    survey = open_survey(folder)
    if isinstance(survey, Survey):
        if codebook:
            raise UsageError("--codebook needs a survey of pairs", f"'{folder}' is none")
        result = _real_result(survey, keep_uniform, per_answer)
    else:
        result = _pairs_result(survey, keep_uniform, per_answer)
    for kind, path in files.items():
        if path is not None:
            _write(kind, path, result.texts[kind](), force)
    if as_json:
        print_json(result.values(), indent=1)
    elif Path("-") not in files.values():
        for line in result.notes:
            outputs.print_note(line)
        for title, table in result.tables.items():
            print_table(title, *table)
    return 0


@dataclass(frozen=True)
class _Result:
    """What the command prints and writes; texts are made when they are needed."""

    values: Callable[[], dict[str, Any]]
    notes: list[str]
    tables: dict[str, Table]
    texts: dict[str, Callable[[], str]]


def _real_result(survey: Survey, keep_uniform: bool, per_answer: bool) -> _Result:
    from colortk.report import survey_tables
    from colortk.report.survey_page import page
    from colortk.survey.findings import findings

    found = findings(survey, keep_uniform, per_answer)
    return _Result(
        found.as_dict,
        survey_tables.caption(found),
        {"": survey_tables.condition_table(found)},
        {
            "csv": lambda: survey_tables.to_csv(found),
            "html": lambda: "".join(page(survey, found)),
        },
    )


def _pairs_result(survey: PairSurvey, keep_excluded: bool, per_answer: bool) -> _Result:
    from colortk.report import pair_tables
    from colortk.report.pair_page import pair_page
    from colortk.survey.pairs.findings import pair_findings

    found = pair_findings(survey, keep_excluded, per_answer)
    return _Result(
        found.as_dict,
        pair_tables.notes(found),
        {
            "": pair_tables.strength_table(found),
            "two by two": pair_tables.pair_table(found),
            "wins": pair_tables.win_table(found),
        },
        {
            "csv": lambda: pair_tables.to_csv(found),
            "html": lambda: "".join(pair_page(found)),
            "codebook": lambda: pair_tables.codebook(found),
        },
    )


def _write(kind: str, path: Path, text: str, force: bool) -> None:
    from colortk.io.files import write_atomic

    data = text.encode("utf-8", "backslashreplace")
    if str(path) == "-":
        if kind != "html":
            data = escape_text(data.decode()).encode()
        sys.stdout.buffer.write(data)
    else:
        write_atomic(path, data, force)
