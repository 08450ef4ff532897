"""``colortk survey``: ask people whether pictures are real, and report their answers."""

from __future__ import annotations

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
    progress,
)
from colortk.cli.output import print_line, print_message
from colortk.cli.survey_report import report

if TYPE_CHECKING:
    from colortk.survey.create import PairOptions


@click.group("survey", short_help="Ask people which pictures are real.")
def command() -> None:
    """Ask people whether pictures are real or colorized, and report their answers."""


command.add_command(report)


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
    "--design",
    type=click.Choice(["real", "pairs"]),
    default="real",
    show_default=True,
    help="Show one picture (real?) or two (which looks natural?).",
)
@click.option(
    "--original/--no-original",
    default=None,
    help="Compare the original with the plugins, too (pairs). [default: yes]",
)
@click.option(
    "--checks",
    type=click.IntRange(0, 100),
    metavar="N",
    help="Ask N attention checks of each rater (pairs). [default: 4]",
)
@click.option(
    "--exposure",
    "exposure_ms",
    type=click.IntRange(50, 60_000),
    metavar="MS",
    help="Show a pair for this many milliseconds only (pairs). [default: no limit]",
)
@click.option(
    "--consent",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Show this text before the first question (pairs).",
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
    design: str,
    original: bool | None,
    checks: int | None,
    exposure_ms: int | None,
    consent: Path | None,
    seed: int,
    timeout: float,
    output: Path,
    threads: int | None,
    device: str | None,
    as_json: bool,
) -> int:
    """Choose pictures, colorize them, and write everything that a survey needs into one folder.

    Pictures are cropped and scaled to 256 × 256 pixels, as for `colortk compare`. A rater sees
    each picture once: real, or colorized by one of the plugins; or, with --design pairs, in two
    versions side by side. Over all raters, each version is shown equally often. Pictures with
    almost no color are left out. PLUGIN is written NAME, NAME:OPTION=VALUE,… or NAME@WEIGHTS.

    \b
    colortk survey create --pictures photographs/ --plugins sift_mlp,mean_color -o survey/
    colortk survey create --design pairs --pictures photographs/ -p sift_mlp,gray -o survey/
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
    pairs = _pair_options(design, original, checks, exposure_ms, consent)
    drawing = SurveyOptions(count, each, seed, timeout, pairs)
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
                "design": design,
                "seed": about.seed,
                "protocol": about.protocol["hash"],
                "left_out": list(about.left_out),
            }
        )
    else:
        print_message(f"{len(about.pictures)} pictures, each rater is shown {about.each}")
        print_line(output)
    return 0


def _pair_options(
    design: str,
    original: bool | None,
    checks: int | None,
    exposure_ms: int | None,
    consent: Path | None,
) -> PairOptions | None:
    """Return the options of a survey of pairs; refuse them for another design."""
    from colortk.errors import UsageError
    from colortk.io.regular_files import read_regular
    from colortk.survey.create import DEFAULT_CHECKS, PairOptions
    from colortk.survey.pairs.description import DEFAULT_CONSENT

    if design != "pairs":
        options = {
            "--original": original, "--checks": checks, "--exposure": exposure_ms,
            "--consent": consent,
        }  # fmt: skip
        for name, value in options.items():
            if value is not None:
                raise UsageError(f"{name} needs --design pairs")
        return None
    text = DEFAULT_CONSENT
    if consent is not None:
        try:
            text = read_regular(consent).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read '{consent}'", str(error), "use a UTF-8 text") from error
        if not text:
            raise UsageError(f"'{consent}' is empty", hint="write the text that raters agree to")
    return PairOptions(
        original is not False, DEFAULT_CHECKS if checks is None else checks, exposure_ms, text
    )
