"""``colortk run``: colorize pictures."""

from __future__ import annotations

import json
import math
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from colortk.cli.common import (
    DEVICE,
    JSON,
    OPTIONS,
    STRENGTH,
    THREADS,
    print_json,
    progress,
    settle,
)
from colortk.cli.main import say


@click.command("run", short_help="Colorize pictures.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--plugin", "-p", default="sift_mlp", show_default=True, help="Colorizer to use.")
@click.option(
    "--output",
    "-o",
    metavar="FILE|DIR",
    help="Where to; '-' is stdout. [default: beside the input]",
)
@click.option(
    "--refine",
    default="ratio",
    show_default=True,
    metavar="ratio|slide|none",
    help="Chrominance refinement.",
)
@STRENGTH
@click.option(
    "--suffix", default="-colorized", show_default=True, help="Added to the name, without -o."
)
@click.option("--ext", "extension", help="File type of the result. [default: as the input]")
@OPTIONS
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Weights that `colortk fit` wrote.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86400, min_open=True),
    metavar="SECONDS",
    help="Stop a plugin that hangs on a picture.",
)
@click.option("--force", is_flag=True, help="Overwrite results.")
@click.option(
    "--skip-existing",
    is_flag=True,
    help="Leave results that are there, also those among FILE.",
)
@click.option("--keep-intermediates", is_flag=True, help="Pickle predicted A and B into the store.")
@click.option(
    "--store", type=click.Path(path_type=Path), metavar="DIR", help="Where pickles are kept."
)
@click.option(
    "--max-pixels", type=click.IntRange(1), help="Refuse larger pictures. [default: Pillow's limit]"
)
@THREADS
@DEVICE
@JSON
def command(
    files: tuple[str, ...],
    plugin: str,
    output: str | None,
    refine: str,
    strength: float,
    suffix: str,
    extension: str | None,
    options: tuple[str, ...],
    weights: Path | None,
    timeout: float | None,
    force: bool,
    skip_existing: bool,
    keep_intermediates: bool,
    store: Path | None,
    max_pixels: int | None,
    threads: int | None,
    device: str | None,
    as_json: bool,
) -> int:
    """Colorize FILE... ('-' is stdin) and write the results beside them.

    A colour picture is reduced to its lightness first. Size, lightness, transparency,
    16 bits, EXIF and resolution are kept. Without -o, a FILE that is the result of another
    one is skipped, so that *.jpg can be said twice.

    \b
    colortk run photo.jpg                          photo-colorized.jpg
    colortk run *.tif -o coloured/ --ext png       a folder of PNGs
    colortk run - -o - < grey.png > colour.png     in a pipe
    """
    settle(threads, device)
    from colortk import batch
    from colortk.errors import UsageError
    from colortk.images import MAX_PIXELS
    from colortk.isolate import Isolated
    from colortk.loading import Predictor, Request, load
    from colortk.pipeline import refiner

    inputs = list(files)
    if not math.isfinite(strength):
        raise UsageError(f"--strength {strength}", "a number from 0 to 2 is wanted")
    if output and output.endswith(("/", os.sep)) and not Path(output).is_dir():
        raise UsageError(f"-o '{output}'", "there is no such folder", "create it first")
    kept = None
    if keep_intermediates:
        from colortk.store.location import store_folder

        kept = store_folder(store)
    settings = batch.Settings(
        output=Path(output) if output is not None else None,
        suffix=suffix,
        extension=extension.lower().lstrip(".") if extension else None,
        strength=strength,
        force=force,
        skip_existing=skip_existing,
        max_pixels=max_pixels or MAX_PIXELS,
        intermediates=kept,
    )
    batch.check(settings, inputs)
    to_stdout = output == "-" or (output is None and "-" in inputs)
    if to_stdout and sys.stdout.isatty():
        raise UsageError("a picture is not written to a terminal", do="-o FILE, or a pipe")
    request = Request(plugin, options, weights)
    refining = refiner(refine)
    failed = done = skipped = 0
    results: list[batch.Record] = []
    with ExitStack() as stack:
        predictor: Predictor
        if timeout is None:
            predictor = load(request)
        else:
            predictor = stack.enter_context(Isolated(request, timeout))
        advance = stack.enter_context(progress("colorizing", len(inputs)))
        for record in batch.colorize_files(inputs, predictor, refining, settings):
            advance(1)
            failed += record.error is not None
            skipped += record.skipped
            results += [record] if record.result_of else []
            done += record.error is None and not record.skipped
            if as_json and not to_stdout:
                print_json(record.as_dict())
            elif as_json:
                print(json.dumps(record.as_dict()), file=sys.stderr)
            for note in record.notes:
                say(f"note: {note}")
            if record.error:
                say(record.error)
            elif not as_json and not to_stdout and not record.skipped:
                click.echo(record.output)
    if results:
        first, count = results[0], len(results)
        say(
            f"note: '{first.input}' is the result of '{first.result_of}'"
            + (f", and {count - 1} more are results" if count > 1 else "")
            + ": skipped (use -o to colorize results too)"
        )
    if kept is not None and done:
        say(f"predicted A and B are pickled in '{kept / 'predicted'}'")
    if len(inputs) > 1 and not as_json:
        tail = f", {skipped} skipped" if skipped else ""
        say(f"{done} colorized{tail}, {failed} failed")
    return 1 if failed else 0
