"""``colortk run``: colorize pictures."""

from __future__ import annotations

import math
import os
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import click

from colortk.cli.common import (
    DEVICE,
    JSON,
    OPTIONS,
    PLUGIN,
    STRENGTH,
    THREADS,
    announce,
    progress,
    settle,
)
from colortk.cli.main import say


@click.command("run", short_help="Colorize pictures.")
@click.argument("files", nargs=-1, metavar="FILE|DIR...")
@PLUGIN
@click.option(
    "--output",
    "-o",
    metavar="FILE|DIR",
    help="Where to; '-' is stdout. [default: beside the input]",
)
@click.option("--recursive", "-r", is_flag=True, help="Of folders, also the folders in them.")
@click.option(
    "--input-list",
    metavar="FILE",
    help="A file that names pictures, one a line or NUL-separated; '-' is stdin.",
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
    help="Stop decoding or colorizing a picture that takes longer.",
)
@click.option(
    "--backend",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where the work is done; machines of Dask have to share the files.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler, as tcp://host:8786.")
@click.option("--force", is_flag=True, help="Overwrite results.")
@click.option(
    "--skip-existing",
    is_flag=True,
    help="Leave results that are there, also those among FILE.",
)
@click.option("--resume", is_flag=True, help="Go on where the same command was stopped.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what --json prints to FILE, a line a picture.",
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(0),
    help="Processes; 0: as many as cores. [default: 1, for many pictures as many as cores]",
)
@click.option("--keep-intermediates", is_flag=True, help="Pickle predicted A and B into the store.")
@click.option(
    "--store", type=click.Path(path_type=Path), metavar="DIR", help="Where pickles are kept."
)
@click.option(
    "--max-pixels", type=click.IntRange(1), help="Refuse larger pictures. [default: Pillow's limit]"
)
@click.option(
    "--allow-truncated",
    is_flag=True,
    help="Colorize what is present of damaged JPEG, PNG and TIFF files; the rest is gray, exit code 1.",
)
@THREADS
@DEVICE
@JSON
def command(
    files: tuple[str, ...],
    plugin: str,
    output: str | None,
    recursive: bool,
    input_list: str | None,
    refine: str,
    strength: float,
    suffix: str,
    extension: str | None,
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
    """Colorize FILE... ('-' is stdin) and write the results beside them.

    A colour picture is reduced to its lightness first. Size, lightness, transparency,
    16 bits, EXIF and resolution are kept. What is the result of another one, by its
    suffix, is skipped, so that *.jpg or DIR can be said twice; with -o a FILE is not. DIR means its pictures, and -o then has
    the same folders; a pattern in quotes is as good as one that the shell resolves. An -o that
    ends with a slash is a folder, and is made.

    \b
    colortk run photo.jpg                          photo-colorized.jpg
    colortk run *.tif -o coloured/ --ext png       a folder of PNGs
    colortk run scans/ --recursive -o coloured/    a tree of folders
    colortk run scans/ -r -o coloured/ --resume    what is left of it, after Ctrl-C
    colortk run - -o - < grey.png > colour.png     in a pipe
    """
    announce(threads, device)
    from colortk.batch.prestart import Early

    alone = scheduler is not None or input_list is not None
    early = Early(files, 1 if alone else jobs, plugin, options, weights)
    click.get_current_context().call_on_close(early.end)
    settle(threads, device)
    from colortk.batch.inputs import expand, read_list
    from colortk.batch.outputs import Places, check
    from colortk.batch.records import Settings
    from colortk.cli.run_output import Narrator, Report
    from colortk.cli.run_work import Work, journal_of
    from colortk.errors import UsageError
    from colortk.io.decode import MAX_PIXELS
    from colortk.runtime.loading import Request

    if not files and input_list is None:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param_hint="'FILE|DIR...'", param_type="argument")
    if input_list == "-" and "-" in files:
        raise UsageError("'-' is either a picture or the list")
    if not math.isfinite(strength):
        raise UsageError(f"--strength {strength}", "a number from 0 to 2 is wanted")
    if (backend == "dask") != (scheduler is not None):
        raise UsageError("--backend dask and --scheduler ADDRESS", "each needs the other")
    where = Path(output) if output is not None else None
    listed = read_list(input_list) if input_list is not None else []
    items = expand(files, listed, recursive, where)
    kept = None
    if keep_intermediates:
        from colortk.store.location import store_folder

        kept = store_folder(store)
    settings = Settings(
        output=where,
        folder=output is not None and output.endswith(("/", os.sep)),
        suffix=suffix,
        extension=extension.lower().lstrip(".") if extension else None,
        strength=strength,
        force=force,
        skip_existing=skip_existing,
        max_pixels=max_pixels or MAX_PIXELS,
        intermediates=kept,
        allow_truncated=allow_truncated,
    )
    check(settings, items)
    to_stdout = output == "-" or (output is None and "-" in files)
    if to_stdout and sys.stdout.isatty():
        raise UsageError("a picture is not written to a terminal", hint="-o FILE, or a pipe")
    if to_stdout and (scheduler is not None or resume):
        raise UsageError("standard output", "neither --resume nor --backend dask knows of it")
    work = Work(Request(plugin, options, weights), refine, settings, threads, timeout)
    journal = None
    if resume or (len(items) > 1 and not to_stdout):
        journal = journal_of(work, store, resume)
    with ExitStack() as stack:
        if journal is not None:
            stack.callback(journal.close)
        told = None
        if report is not None:
            told = Report(report, force, resume)
            stack.callback(told.close)
        narrator = Narrator(len(items), as_json, to_stdout, told)
        places = Places(items, settings, journal)
        stack.callback(places.close)
        if scheduler is not None:
            records = work.on_cluster(items, places, scheduler, device)
        else:
            records = work.on_this_machine(items, places, jobs, early)
        stack.enter_context(closing(records))
        advance = stack.enter_context(progress("colorizing", len(items)))
        try:
            for record in records:
                advance(1)
                narrator.tell(record)
        except KeyboardInterrupt:
            narrator.stopped()
            raise
        if resume or scheduler is not None:
            places.tidy()
    narrator.end()
    if kept is not None and narrator.done:
        say(f"predicted A and B are pickled in '{kept / 'predicted'}'")
    if journal is not None:
        journal.close()  # it may have waited for room
    if journal is not None and journal.problem:
        say(f"note: --resume will not know of all of this: {journal.problem}")
    narrator.sum_up(places.full)
    unreported = narrator.output_problem is not None or (told is not None and bool(told.problem))
    incomplete = narrator.incomplete or narrator.incomplete_before
    return 1 if narrator.failed or incomplete or unreported else 0
