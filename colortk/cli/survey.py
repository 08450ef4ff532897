"""``colortk survey``: ask people whether pictures are real, and report their answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colortk.cli.common import (
    DEVICE,
    JSON,
    THREADS,
    check_finite,
    configure_runtime,
    print_json,
    print_table,
    progress,
)
from colortk.cli.output import escape_text, print_line, print_message

if TYPE_CHECKING:
    from colortk.survey.findings import SurveyFindings
    from colortk.survey.session import Survey


@click.group("survey", short_help="Ask people which pictures are real.")
def command() -> None:
    """Ask people whether pictures are real or colorized, and report their answers."""


@command.command("create", short_help="Choose and colorize the pictures of a survey.")
@click.option(
    "--pictures",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Choose color pictures from this folder; repeatable. [required]",
)
@click.option("--images", multiple=True, type=click.Path(path_type=Path), hidden=True)
@click.option(
    "--plugins",
    "-p",
    multiple=True,
    required=True,
    metavar="PLUGIN,…",
    help="Colorize with these plugins; repeatable.",
)
@click.option(
    "--count",
    type=click.IntRange(2, 10_000),
    metavar="N",
    help="Choose N pictures. [default: all, at most 40]",
)
@click.option(
    "--each",
    type=click.IntRange(2, 10_000),
    metavar="N",
    help="Show N pictures to each rater. [default: all, at most 40]",
)
@click.option(
    "--seed", default=0, show_default=True, metavar="N", help="Seed the random choice of pictures."
)
@click.option(
    "--timeout",
    default=300.0,
    show_default=True,
    type=click.FloatRange(0, 86400, min_open=True),
    metavar="SECONDS",
    help="Give up on a picture after this time.",
)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the survey to this new folder.",
)
@THREADS
@DEVICE
@JSON
def create(
    pictures: tuple[Path, ...],
    images: tuple[Path, ...],
    plugins: tuple[str, ...],
    count: int | None,
    each: int | None,
    seed: int,
    timeout: float,
    output: Path,
    threads: int | None,
    device: str | None,
    as_json: bool,
) -> int:
    """Choose pictures, colorize them, and write everything that a survey needs into one folder.

    Pictures are cropped and scaled to 256 × 256 pixels, as for `colortk compare`. A rater sees
    each picture once: real, or colorized by one of the plugins. Over all raters, each version is
    shown equally often. Pictures with almost no color are left out. PLUGIN is written NAME,
    NAME:OPTION=VALUE,… or NAME@WEIGHTS.

    \b
    colortk survey create --pictures photographs/ --plugins sift_mlp,mean_color -o survey/
    """
    configure_runtime(threads, device)
    from colortk.errors import UsageError
    from colortk.survey.create import SurveyOptions, parse_plugin_list
    from colortk.survey.create import create as make

    if not pictures + images:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param_hint="'--pictures'", param_type="option")
    check_finite("--timeout", timeout, "give a number of seconds")
    if count is not None and each is not None and each > count:
        reason = f"the survey has {count} pictures"
        raise UsageError(f"--each {each} is too large", reason, f"use --each {count} or less")
    drawing = SurveyOptions(count, each, seed, timeout)
    about = make(
        output, pictures + images, parse_plugin_list(plugins), drawing, progress
    ).description
    for row in about.left_out:
        print_message(f"left out: {row['why']}")
    enlarged = sum(picture.enlarged for picture in about.pictures)
    if enlarged:
        print_message(f"note: {enlarged} pictures are smaller than 256 pixels and were enlarged")
    if as_json:
        print_json(
            {
                "survey": str(output),
                "pictures": len(about.pictures),
                "each": about.each,
                "conditions": about.conditions,
                "seed": about.seed,
                "protocol": about.protocol["hash"],
                "left_out": list(about.left_out),
            }
        )
    else:
        print_message(f"{len(about.pictures)} pictures, each rater is shown {about.each}")
        print_line(output)
    return 0


@command.command("report", short_help="Print how often pictures were called real.")
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
    "--keep-uniform", is_flag=True, help="Include raters who always gave the same answer."
)
@click.option("--force", is_flag=True, help="Overwrite the files of --html and --csv.")
@JSON
def report(
    folder: Path,
    html_file: Path | None,
    csv_file: Path | None,
    per_answer: bool,
    keep_uniform: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Print how often raters called pictures real, for real pictures and for each plugin.

    The 95 % intervals account for the choice of raters and pictures. Each plugin is compared with
    the real pictures. Raters who always gave the same answer are excluded. The report can be
    printed while raters still answer. CSV and HTML can be written to '-', standard output.
    """
    from colortk.cli import compare_output as outputs
    from colortk.errors import UsageError
    from colortk.report import survey_tables
    from colortk.survey.findings import findings
    from colortk.survey.session import Survey

    if per_answer and not (as_json or csv_file):
        reason = "it adds each answer to these outputs"
        raise UsageError("--per-answer needs --json or --csv", reason, "add one of them")
    files = {"csv": csv_file, "html": html_file}
    outputs.check_files(files, as_json, force)
    survey = Survey.open(folder)
    result = findings(survey, keep_uniform, per_answer)
    for kind, path in files.items():
        if path is not None:
            _write(kind, path, survey, result, force)
    if as_json:
        print_json(result.as_dict(), indent=1)
    elif Path("-") not in files.values():
        for line in survey_tables.caption(result):
            outputs.print_note(line)
        print_table("", *survey_tables.condition_table(result))
    return 0


def _write(kind: str, path: Path, survey: Survey, result: SurveyFindings, force: bool) -> None:
    from colortk.io.files import write_atomic
    from colortk.report import survey_tables
    from colortk.report.survey_page import page

    text = survey_tables.to_csv(result) if kind == "csv" else "".join(page(survey, result))
    data = text.encode("utf-8", "backslashreplace")
    if str(path) == "-":
        if kind != "html":
            data = escape_text(data.decode()).encode()
        sys.stdout.buffer.write(data)
    else:
        write_atomic(path, data, force)
