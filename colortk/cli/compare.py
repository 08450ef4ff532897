"""``colortk compare``: the same pictures, the same scores, for every plugin."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from colortk.cli import compare_output as outputs
from colortk.cli.common import DEVICE, JSON, THREADS, configure_runtime, print_json, progress
from colortk.cli.output import print_message


@click.command("compare", short_help="Score plugins on the same pictures.")
@click.argument(
    "places", nargs=-1, type=click.Path(path_type=Path), metavar="[PICTURE|FILM|DIR]..."
)
@click.option(
    "--plugin",
    "-p",
    "plugins",
    multiple=True,
    metavar="PLUGIN",
    help="Score a plugin: NAME, NAME:OPTION=VALUE,… or NAME@WEIGHTS; repeatable.",
)
@click.option("--all", "every", is_flag=True, help="Score every plugin. [default without -p]")
@click.option("--metric", "-m", "metrics", multiple=True, help="Only these scores; repeatable.")
@click.option(
    "--baseline", metavar="NAME", help="What the others are paired with. [default: the best]"
)
@click.option(
    "--refine", metavar="ratio|slide|none", help="Another refinement than the protocol's."
)
@click.option(
    "--size", type=click.IntRange(16, 8192), help="Another short side than the protocol's 256."
)
@click.option("--native", is_flag=True, help="Score pictures whole, at their own size.")
@click.option(
    "--keep-gray", is_flag=True, help="Score gray originals too, in a table of their own."
)
@click.option("--keep-grey", "keep_grey", is_flag=True, hidden=True)
@click.option(
    "--family",
    "family",
    multiple=True,
    metavar="NAME",
    help="Correct all pairs among these plugins together (Holm); repeatable.",
)
@click.option(
    "--common", is_flag=True, help="Score all plugins on the pictures that every plugin has."
)
@click.option(
    "--temporal",
    type=click.Choice(["both", "off", "flow", "skip"]),
    default="both",
    show_default=True,
    help="Films: every frame alone, colours steadied (NAME+flow), or no films.",
)
@click.option(
    "--frames",
    type=click.IntRange(1),
    metavar="N",
    help="Of every film at most so many, from its beginning. [default: 240]",
)
@click.option("--sizes", is_flag=True, help="Also: does colour change with size (256, 512, 2048)?")
@click.option(
    "--jobs",
    "-j",
    default=1,
    show_default=True,
    type=click.IntRange(0),
    help="Processes; 0: as many as cores.",
)
@THREADS
@DEVICE
@click.option(
    "--timeout",
    default=300.0,
    show_default=True,
    type=click.FloatRange(0, 86400, min_open=True),
    metavar="SECONDS",
    help="Stop a plugin that hangs on a picture.",
)
@click.option(
    "--backend",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where the work is done.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler, as tcp://host:8786.")
@click.option("--no-repeats", is_flag=True, help="Do not predict one picture in twenty twice.")
@click.option("--retry", is_flag=True, help="Try again what failed before.")
@click.option(
    "--store", type=click.Path(path_type=Path), metavar="DIR", help="Where results are kept."
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the scores as CSV.",
)
@click.option(
    "--markdown",
    "markdown_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the tables as Markdown.",
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a report with pictures, one file.",
)
@click.option("--per-image", is_flag=True, help="Every picture's scores in --json and --csv.")
@click.option("--force", is_flag=True, help="Overwrite those files.")
@JSON
def command(
    places: tuple[Path, ...],
    plugins: tuple[str, ...],
    every: bool,
    metrics: tuple[str, ...],
    baseline: str | None,
    refine: str | None,
    size: int | None,
    native: bool,
    keep_gray: bool,
    keep_grey: bool,
    family: tuple[str, ...],
    common: bool,
    temporal: str,
    frames: int | None,
    sizes: bool,
    jobs: int,
    threads: int | None,
    device: str | None,
    timeout: float,
    backend: str,
    scheduler: str | None,
    no_repeats: bool,
    retry: bool,
    store: Path | None,
    csv_file: Path | None,
    markdown_file: Path | None,
    html_file: Path | None,
    per_image: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Score plugins on colour pictures and films: each gets their L* alone and is scored against them.

    A DIR is searched through, with the folders in it; without pictures, the photographs that
    installed packages ship are used. Results are kept: a
    second run computes only what is new, and one that was stopped goes on. CSV, Markdown and HTML
    go to stdout for '-'. Two plugins have a letter of their group in common if the pictures do not
    tell them apart; a rank is printed where they tell a plugin apart from every other one. Gray
    originals are left out and named. `gray` is always in the table; CF is shown beside the
    originals' ("of"), MB is the peak of the plugin's process. One picture in twenty is predicted
    twice; † marks a plugin whose color then differs. Films have a table of their own: every plugin frame by
    frame and, as NAME+flow, with its colours steadied as by `colortk video`; flicker is how much
    colour changes along motion, beside the original's ("of").

    \b
    colortk compare photographs/ --all --jobs 2
    colortk compare photographs/ -p sift_mlp -p sift_mlp:strength=1.5 -p sift_mlp@my-weights/
    colortk compare photographs/ --html report.html
    colortk compare clip.mp4 -p sift_mlp --frames 100
    """
    configure_runtime(threads, device)
    from colortk.errors import UsageError
    from colortk.harness.compare import compare
    from colortk.harness.run_options import RunOptions
    from colortk.io.samples import everything
    from colortk.runtime.subprocesses import cores

    if not math.isfinite(timeout):
        raise UsageError(f"--timeout {timeout}", "seconds are wanted")
    if per_image and not (as_json or csv_file):
        raise UsageError("--per-image adds to --json or --csv", "neither was given")
    if native and size is not None:
        raise UsageError("--native and --size", "a picture has its own size or a given one")
    if (backend == "dask") != (scheduler is not None):
        raise UsageError("--backend dask and --scheduler ADDRESS", "each needs the other")
    if scheduler is not None and device is not None:
        raise UsageError(
            "--device says nothing to a Dask cluster",
            "each worker has its own",
            "set COLORTK_DEVICE where the workers are started",
        )
    files = {"csv": csv_file, "markdown": markdown_file, "html": html_file}
    outputs.check(files, as_json, force)
    if not places:
        places = tuple(everything().values())
        print_message(
            f"no pictures given: using the {len(places)} that come with installed packages"
        )
    how = RunOptions(jobs or cores(), timeout, scheduler, retry, threads)
    if no_repeats:
        how = replace(how, repeats=False)
    changes: dict[str, Any] = {}
    if refine is not None:
        changes["refine"] = refine
    if native or size is not None:
        changes["short_side"] = size
    try:
        comparison = compare(
            places,
            plugins or None,
            metrics or None,
            changes=changes,
            every=every,
            baseline=baseline,
            keep_gray=keep_gray or keep_grey,
            family=family,
            common=common,
            frames=frames,
            temporal={"both": ("off", "flow"), "skip": ()}.get(temporal, (temporal,)),
            run_options=how,
            store=store,
            progress=progress,
        )
    except KeyboardInterrupt:
        print_message("scores so far are stored: run the same command again to continue")
        raise
    for name, why in comparison.left_out.items():
        print_message(f"left out: {why if name in why else name + ': ' + why}")
    failed = outputs.complain(comparison)
    if comparison.store_problem:
        print_message(f"not all scores are stored: {comparison.store_problem}")
        failed = True
    consistency = outputs.consistency(comparison, timeout) if sizes and comparison.used else None
    for label, row in (consistency or {}).items():
        if "error" in row:
            print_message(f"--sizes, {label}: {row['error']}")
    failed |= outputs.write(files, comparison, per_image, force, store)
    if as_json:
        report = comparison.as_dict(per_image)
        print_json(report if consistency is None else report | {"sizes": consistency}, indent=1)
    elif Path("-") not in files.values():
        outputs.show(comparison, consistency)
    failed |= any("error" in row for row in (consistency or {}).values())
    return 1 if failed else 0
