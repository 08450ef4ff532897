"""``colortk compare``: score plugins on the same pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from colortk.cli import compare_files
from colortk.cli import compare_output as outputs
from colortk.cli.cluster_options import check_dask_options
from colortk.cli.common import (
    BACKEND,
    DEVICE,
    JOBS,
    JSON,
    SCHEDULER,
    STORE,
    THREADS,
    check_finite,
    configure_runtime,
    print_json_pieces,
    progress,
)
from colortk.cli.film_options import DEINTERLACE, FRAMES, KEYFRAMES, TEMPORAL, TEMPORAL_MODES
from colortk.cli.output import print_message
from colortk.cli.paper_options import FIGURES, LATEX, LATEX_INTERVALS, check_latex_options

if TYPE_CHECKING:
    from colortk.harness.drawn_hints import Order


@click.command("compare", short_help="Score plugins on the same pictures.")
@click.argument(
    "inputs", nargs=-1, type=click.Path(path_type=Path), metavar="[PICTURE|FILM|DIR]..."
)
@click.option(
    "--plugin",
    "-p",
    "plugins",
    multiple=True,
    metavar="PLUGIN",
    help="Score this plugin; repeatable.",
)
@click.option(
    "--all", "every", is_flag=True, help="Score all plugins. This is the default without -p."
)
@click.option(
    "--metric",
    "-m",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Compute only this metric; repeatable.",
)
@click.option(
    "--baseline",
    metavar="NAME",
    help="Compare the other plugins with this one. [default: the best plugin]",
)
@click.option(
    "--refine",
    metavar="ratio|slide|none",
    help="Use this refinement instead of the protocol's, which is ratio.",
)
@click.option(
    "--size",
    type=click.IntRange(16, 8192),
    metavar="PIXELS",
    help="Scale the short side of pictures to this. [default: 256]",
)
@click.option("--native", is_flag=True, help="Score pictures without scaling them.")
@click.option("--keep-gray", is_flag=True, help="Score gray originals too, in a second table.")
@click.option("--keep-grey", "keep_grey", is_flag=True, hidden=True)
@click.option(
    "--family",
    "family",
    multiple=True,
    metavar="NAME",
    help="Compare all pairs of these plugins (Holm); repeatable.",
)
@click.option(
    "--unseen",
    is_flag=True,
    help="Leave out pictures that a plugin is known to have seen.",
)
@click.option("--common", is_flag=True, help="Score only pictures on which no plugin failed.")
@TEMPORAL
@KEYFRAMES
@DEINTERLACE
@FRAMES
@click.option(
    "--sizes", is_flag=True, help="Measure how colors change with the size of the picture."
)
@click.option(
    "--hint-counts",
    metavar="0,1,10...",
    help="Score pictures with these numbers of hints, too.",
)
@click.option(
    "--hint-order",
    type=click.Choice(["uniform", "error"]),
    default="uniform",
    show_default=True,
    help="Draw hints at random points, or where the error is largest.",
)
@JOBS
@THREADS
@DEVICE
@click.option(
    "--timeout",
    default=300.0,
    show_default=True,
    type=click.FloatRange(0, 86400, min_open=True),
    metavar="SECONDS",
    help="Give up on a picture after this time.",
)
@BACKEND
@SCHEDULER
@click.option("--no-repeats", is_flag=True, help="Skip the second predictions of some pictures.")
@click.option("--retry", is_flag=True, help="Compute again what failed before.")
@STORE
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
@LATEX
@LATEX_INTERVALS
@FIGURES
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a report with pictures, in one file.",
)
@click.option(
    "--per-image", is_flag=True, help="Add the scores of each picture to --json and --csv."
)
@click.option("--force", is_flag=True, help="Overwrite output files that exist.")
@JSON
def command(
    inputs: tuple[Path, ...],
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
    unseen: bool,
    common: bool,
    temporal: str,
    keyframes: int,
    deinterlace: str,
    frames: int | None,
    sizes: bool,
    hint_counts: str | None,
    hint_order: Order,
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
    latex_file: Path | None,
    latex_intervals: bool,
    figures_folder: Path | None,
    html_file: Path | None,
    per_image: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Score plugins on color pictures and films.

    Each plugin gets only the lightness of a picture. The colors that it predicts are compared with
    the colors of the picture. PLUGIN is written NAME, NAME:OPTION=VALUE,… or NAME@WEIGHTS; strength
    is an option too. DIR means the pictures in a folder and its subfolders. Without pictures, the
    photographs of scikit-learn and scikit-image are used.

    Results are stored. A second run computes only what is new, and a run that was stopped
    continues. CSV, Markdown, LaTeX and HTML can be written to '-', standard output.

    Two plugins share a letter in the column "group" if these pictures show no difference between
    them. A plugin has a rank only if it differs from all others. The plugin `gray` is always in the
    table. Originals without color are left out and listed. The column CF is the mean colorfulness;
    "of" is the value of the originals. MB is the peak memory of the plugin's process. One picture
    in twenty is predicted twice; † marks a plugin whose two predictions of a picture differ.

    Films have a second table. In row NAME, each frame is colorized separately; in row NAME+flow,
    colors are averaged along motion, and in row NAME+keyframes, colors of each K-th frame are moved
    along motion, as `colortk video` does. In row NAME+plugin, a plugin that declares film gets the
    frames in order. --temporal both is off, flow and plugin; all adds keyframes.
    Flicker is the change of color along motion; "of" is the value of the original films.

    --family corrects for many comparisons: the chance of any false difference among the named
    plugins stays below 5 % (Holm). --sizes also colorizes pictures at 256, 512 and 2048 pixels.

    Tables say how many of the pictures each plugin has seen in its training, if the hashes of these
    pictures lie beside its weights. --unseen leaves the seen pictures out, for all plugins.

    --hint-counts draws hints from the originals: the mean color around a point. Tables show the
    scores by number of hints. Plugins are ranked by the area under the curve of the scores.

    \b
    colortk compare photographs/ --all --jobs 2
    colortk compare photographs/ -p sift_mlp -p sift_mlp:strength=1.5 -p sift_mlp@my-weights/
    colortk compare photographs/ --html report.html
    colortk compare clip.mp4 -p sift_mlp --frames 100 --temporal all
    """
    configure_runtime(threads, device)
    from colortk.errors import UsageError
    from colortk.harness.compare import compare
    from colortk.harness.hint_variants import parse_counts
    from colortk.harness.json_values import json_fields, json_pieces
    from colortk.harness.run_options import RunOptions
    from colortk.io.samples import everything
    from colortk.runtime.subprocesses import cores

    check_finite("--timeout", timeout, "give a number of seconds")
    if per_image and not (as_json or csv_file):
        reason = "it adds the scores of each picture to these outputs"
        raise UsageError("--per-image needs --json or --csv", reason, "add one of them")
    if native and size is not None:
        reason = "--native keeps the size of a picture, --size changes it"
        raise UsageError("--native and --size exclude each other", reason, "leave one out")
    check_dask_options(backend, scheduler, device)
    check_latex_options(latex_file, latex_intervals)
    files = {"csv": csv_file, "markdown": markdown_file, "latex": latex_file, "html": html_file}
    outputs.check_files(files, as_json, force)
    if figures_folder is not None:
        from colortk.report.figures.write import check_folder

        check_folder(figures_folder, force)
    if not inputs:
        inputs = tuple(everything().values())
        print_message(
            f"no pictures given: using {len(inputs)} photographs of scikit-learn and scikit-image"
        )
    run_options = RunOptions(jobs or cores(), timeout, scheduler, retry, threads)
    if no_repeats:
        run_options = replace(run_options, repeats=False)
    changes: dict[str, Any] = {}
    if refine is not None:
        changes["refine"] = refine
    if native or size is not None:
        changes["short_side"] = size
    try:
        comparison = compare(
            inputs,
            plugins or None,
            metrics or None,
            changes=changes,
            every=every,
            baseline=baseline,
            keep_gray=keep_gray or keep_grey,
            family=family,
            common=common,
            unseen=unseen,
            frames=frames,
            hint_counts=parse_counts(hint_counts) if hint_counts is not None else (),
            hint_order=hint_order,
            temporal=TEMPORAL_MODES.get(temporal, (temporal,)),
            keyframes=keyframes,
            deinterlace=deinterlace,
            run_options=run_options,
            store=store,
            progress=progress,
        )
    except KeyboardInterrupt:
        print_message("The scores so far are stored. Run the same command to continue.")
        raise
    for name, cause in comparison.left_out.items():
        print_message(f"left out: {cause if name in cause else name + ': ' + cause}")
    failed = outputs.print_failures(comparison)
    if comparison.store_problem:
        print_message(f"some scores could not be stored: {comparison.store_problem}")
        failed = True
    consistency = outputs.measure_sizes(comparison, timeout) if sizes and comparison.used else None
    for label, row in (consistency or {}).items():
        if row.error is not None:
            print_message(f"--sizes, {label}: {row.error}")
    content = compare_files.ContentOptions(per_image, latex_intervals, store)
    failed |= compare_files.write(files, comparison, content, force)
    if figures_folder is not None:
        failed |= compare_files.write_figures(figures_folder, comparison, store, force)
    if as_json:
        report = json_fields(comparison.summary(per_image))
        if comparison.hints is not None:
            report["hints"] = comparison.hints.as_dict()
        if consistency is not None:
            report["sizes"] = consistency
        print_json_pieces(json_pieces(report))
    elif Path("-") not in files.values():
        outputs.show(comparison, consistency)
    failed |= any(row.error is not None for row in (consistency or {}).values())
    return 1 if failed else 0
