"""``colortk run``: colorize pictures."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from colortk.cli.cluster_options import check_dask_options
from colortk.cli.common import (
    BACKEND,
    DEVICE,
    JSON,
    PLUGIN,
    REFINE,
    SCHEDULER,
    STORE,
    STRENGTH,
    THREADS,
    WEIGHTS,
    check_finite,
    configure_runtime,
    export_runtime_env,
    need_one_colorizer,
    note_foreign_weights,
)
from colortk.cli.guidance import (
    HINT,
    HINTS,
    KEEP_BORDER,
    MASK,
    PALETTE,
    REFERENCE,
    REGION,
    SCRIBBLES,
    SEED,
    VARIANTS,
    check_reference,
    guidance_options,
    with_reference,
)
from colortk.cli.plugin_options import OPTIONS, VIVIDNESS
from colortk.cli.run_batch import run_batch


@click.command("run", short_help="Colorize pictures.")
@click.argument("inputs", nargs=-1, metavar="FILE|DIR...")
@PLUGIN
@click.option(
    "--output",
    "-o",
    metavar="FILE|DIR",
    help="Write to this file or folder; '-' is stdout. [default: beside the input]",
)
@click.option("--recursive", "-r", is_flag=True, help="Descend into subfolders.")
@click.option(
    "--input-list",
    metavar="FILE",
    help="Read paths of pictures from FILE, one per line; '-' is stdin.",
)
@REFINE
@STRENGTH
@VIVIDNESS
@click.option(
    "--suffix",
    default="-colorized",
    show_default=True,
    help="Add this to the names of results; not used with -o.",
)
@click.option(
    "--ext",
    "extension",
    metavar="TYPE",
    help="Write this file type, such as png. [default: the type of the input]",
)
@HINTS
@HINT
@SCRIBBLES
@MASK
@REGION
@KEEP_BORDER
@REFERENCE
@PALETTE
@VARIANTS
@SEED
@OPTIONS
@WEIGHTS
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86400, min_open=True),
    metavar="SECONDS",
    help="Give up on a picture after this time.",
)
@BACKEND
@SCHEDULER
@click.option("--force", is_flag=True, help="Overwrite results.")
@click.option("--skip-existing", is_flag=True, help="Skip pictures whose results exist.")
@click.option("--resume", is_flag=True, help="Continue a run that was stopped.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the lines of --json to FILE: one per picture.",
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(0),
    metavar="N",
    help="Use N processes; 0 uses one per core. [default: 1 for few pictures, else 0]",
)
@click.option(
    "--keep-intermediates",
    is_flag=True,
    help="Keep the predicted a* and b* in the store (pickled arrays).",
)
@STORE
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    metavar="N",
    help="Refuse pictures with more pixels. [default: twice Pillow's MAX_IMAGE_PIXELS]",
)
@click.option(
    "--allow-truncated",
    is_flag=True,
    help="Colorize the readable part of damaged files; exit code 1.",
)
@THREADS
@DEVICE
@JSON
def command(
    inputs: tuple[str, ...],
    plugin: str,
    output: str | None,
    recursive: bool,
    input_list: str | None,
    refine: str,
    strength: float,
    suffix: str,
    extension: str | None,
    hints: str | None,
    hint: tuple[str, ...],
    scribbles: Path | None,
    mask: Path | None,
    regions: tuple[str, ...],
    keep_border: bool,
    reference: Path | None,
    palette: str | None,
    variants: int | None,
    seed: int,
    options: tuple[str, ...],
    weights: Path | None,
    timeout: float | None,
    backend: str,
    scheduler: str | None,
    force: bool,
    skip_existing: bool,
    resume: bool,
    report: Path | None,
    jobs: int | None,
    keep_intermediates: bool,
    store: Path | None,
    max_pixels: int | None,
    allow_truncated: bool,
    threads: int | None,
    device: str | None,
    as_json: bool,
) -> int:
    """Colorize pictures and write the results beside them, or to -o.

    FILE is a picture, a pattern in quotes, or '-' for standard input. DIR means the pictures in a
    folder; -o recreates its subfolders.

    The output keeps the size, lightness, transparency, EXIF data, resolution and bit depth of the
    input. EXIF rotation is applied once. Only the lightness of a color picture is used.

    If the path after -o ends with a slash, it is a folder. It is created if it does not exist.
    Results of earlier runs, which end in --suffix, are skipped, so that the same command can be
    repeated. To use a result as an input, name it and give -o.

    --refine ratio keeps hue and lightness and reduces chroma until sRGB can show the color, slide
    is the formula of the sift_mlp paper (colors become too strong), and none clips red, green and
    blue.

    --hint, --hints and --scribbles set colors, which spread up to the next edges; lightness does
    not change. X and Y are pixels of the upright picture, or percentages such as 50%. Instead of a
    color, "keep" keeps the predicted color, and "neutral" removes it.

    Colors that you know can be given as hints: points, strokes, masks and rectangles. --hints auto
    reads photo.hints.json and photo_marked.png for photo.jpg, if these files exist.

    --reference takes colors from a color picture of the same or a similar scene, where it matches.
    Elsewhere, colors are automatic.

    --variants writes several plausible versions. The first one is the automatic result, and the
    others differ from it and from each other.

    With several processes, pictures are reported in completion order. If a picture crashes or
    hangs a process, only that picture fails. All machines of a Dask cluster must see the same files
    under the same paths.

    \b
    colortk run photo.jpg                         write photo-colorized.jpg
    colortk run *.tif -o colored/ --ext png       write PNG files into a folder
    colortk run scans/ --recursive -o colored/    colorize a tree of folders
    colortk run scans/ -r -o colored/ --resume    continue it after Ctrl-C
    colortk run photo.jpg --hint 420,310,#2a4d8f  a blue dress
    colortk run photo.jpg --reference other.jpg   take the colors of a similar picture
    colortk run photo.jpg --variants 4            four versions to choose from
    colortk run - -o - < gray.png > color.png     read and write pipes
    """
    export_runtime_env(threads, device)
    plugin, options = with_reference(plugin, options, reference)
    from colortk.batch.prestart import PrestartedWorkers

    one_process = scheduler is not None or input_list is not None
    prestarted = PrestartedWorkers(inputs, 1 if one_process else jobs, plugin, options, weights)
    click.get_current_context().call_on_close(prestarted.stop)
    configure_runtime(threads, device)
    need_one_colorizer(plugin)
    check_reference(plugin, reference)
    from colortk.batch.batch_run import BatchRun
    from colortk.batch.inputs import find_inputs, read_list
    from colortk.batch.options import STANDARD_STREAM, BatchOptions
    from colortk.errors import UsageError
    from colortk.io.decode import MAX_PIXELS

    if not inputs and input_list is None:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param_hint="'FILE|DIR...'", param_type="argument")
    if input_list == STANDARD_STREAM and STANDARD_STREAM in inputs:
        reason = "standard input cannot be a picture and a list"
        raise UsageError("'-' is given as a picture and as the list", reason, "leave one out")
    check_finite("--strength", strength, "give a number from 0 to 2")
    check_dask_options(backend, scheduler, device)
    output_path = Path(output) if output is not None else None
    names = read_list(input_list) if input_list is not None else []
    items = find_inputs(inputs, names, recursive, output_path)
    foreign_weights = note_foreign_weights(plugin, weights)
    intermediates = None
    if keep_intermediates:
        from colortk.store.location import store_folder

        intermediates = store_folder(store)
    batch_options = BatchOptions(
        output=output_path,
        output_is_folder=output is not None and output.endswith(("/", os.sep)),
        suffix=suffix,
        extension=extension.lower().lstrip(".") if extension else None,
        plugin=plugin,
        options=options,
        weights=weights,
        refine=refine,
        strength=strength,
        max_pixels=max_pixels or MAX_PIXELS,
        allow_truncated=allow_truncated,
        intermediates=intermediates,
        guidance=guidance_options(hints, hint, scribbles, mask, regions, keep_border, palette),
        variants=variants,
        seed=seed,
        force=force,
        skip_existing=skip_existing,
        resume=resume,
        jobs=jobs,
        threads=threads,
        timeout=timeout,
        scheduler=scheduler,
    )
    batch = BatchRun(items, batch_options, store, prestarted)
    if batch.writes_to_stdout and sys.stdout.isatty():
        reason = "the terminal would show the bytes of the file"
        raise UsageError("cannot write a picture to a terminal", reason, "use -o FILE, or a pipe")
    return run_batch(batch, report, batch_options, as_json, foreign_weights)
