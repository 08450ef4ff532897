"""Options, checks and output that several commands share."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click

from colortk.cli.output import escape_controls, print_line
from colortk.plugin.spec import DEFAULT

#: Key of the click context's ``meta``: whether this process runs no other command.
ONE_COMMAND = "colortk.one_command"


def _single_plugin(context: click.Context, _: click.Parameter, values: tuple[str, ...]) -> str:
    """Return the only value: with several, the last one would be used without a word."""
    if len(values) > 1:
        count_text = "twice" if len(values) == 2 else f"{len(values)} times"
        raise click.UsageError(
            f"--plugin given {count_text}; `{context.info_name}` takes one"
            " (`compare` takes several)",
            context,
        )
    return values[0]


PLUGIN = click.option(
    "--plugin", "-p", multiple=True, default=(DEFAULT,), show_default=True, metavar="NAME",
    callback=_single_plugin, help="Use this colorizer.",
)  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
THREADS = click.option(
    "--threads",
    type=click.IntRange(1),
    metavar="N",
    help="Use N threads per process. [default: the cores, divided by the processes]",
)
DEVICE = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    help="Run networks on this device. [default: COLORTK_DEVICE, or auto]",
)
STRENGTH = click.option(
    "--strength",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 2),
    metavar="0..2",
    help="Multiply the colors by this factor.",
)
WEIGHTS = click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="Load these weights: a file, or a folder of `colortk fit`.",
)
REFINE = click.option(
    "--refine",
    default="ratio",
    show_default=True,
    metavar="ratio|slide|none",
    help="Fit colors into sRGB by this method (see above).",
)
JOBS = click.option(
    "--jobs",
    "-j",
    default=1,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Use N processes; 0 uses one per core.",
)
STORE = click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Use DIR as the store. [default: COLORTK_STORE, or the user's data folder]",
)
BACKEND = click.option(
    "--backend",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Compute on this machine or on a Dask cluster.",
)
SCHEDULER = click.option(
    "--scheduler", metavar="ADDRESS", help="Connect to this Dask scheduler, as tcp://HOST:8786."
)


def export_runtime_env(threads: int | None, device: str | None) -> None:
    """Set threads and device in the environment, for this process and those that it starts.

    Parameters
    ----------
    threads : int or None
        Threads per process; ``None`` changes nothing.
    device : {"auto", "cpu", "gpu"} or None
        Device of networks; ``None`` changes nothing.
    """
    from colortk.runtime import subprocesses

    if device is not None:
        os.environ["COLORTK_DEVICE"] = device
    if threads is not None:
        os.environ.update(dict.fromkeys(subprocesses.THREAD_VARIABLES, str(threads)))


def configure_runtime(threads: int | None, device: str | None) -> None:
    """Set threads and device as :func:`export_runtime_env` does, and check the device.

    Call it first: the libraries read the environment when they are imported.

    Raises
    ------
    UsageError
        The device is not available.
    """
    export_runtime_env(threads, device)
    from colortk.runtime import inference

    inference.requested_device()  # raises


def check_finite(option: str, value: float, hint: str) -> None:
    """Raise ``UsageError`` if the value of an option is NaN or infinite."""
    from colortk.errors import UsageError

    if not math.isfinite(value):
        raise UsageError(f"{option} {value}", "the value is not a finite number", hint)


def print_json(value: Any, indent: int | None = None) -> None:
    """Print a JSON value to stdout; file names that are not UTF-8 are escaped.

    Parameters
    ----------
    value : object
        A JSON value.
    indent : int or None
        Spaces per level; ``None`` prints one line.
    """
    click.echo(json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False))


def print_json_pieces(pieces: Iterable[str]) -> None:
    """Print a JSON value that is too large to be in memory as a whole, piece by piece."""
    for batch in iter(partial(_joined, iter(pieces)), ""):
        click.echo(batch, nl=False)
    click.echo()


def _joined(pieces: Iterator[str]) -> str:
    return "".join(islice(pieces, 1000))


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print a table to stdout.

    A terminal gets a table that is wrapped to its width. A pipe or a file gets tab-separated lines,
    the first one ``# title``.

    Parameters
    ----------
    title : str
    columns : iterable of str
    rows : iterable of iterables
        Cells, which are converted to text.
    """
    columns, rows = list(columns), [[escape_controls(str(cell)) for cell in row] for row in rows]
    title = escape_controls(title)
    if not sys.stdout.isatty():
        if title:
            print_line(f"# {title}")
        for row in [columns, *rows]:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rendered = Table(title=title or None, title_justify="left")
    for column in columns:
        rendered.add_column(column)
    for row in rows:
        rendered.add_row(*(Text(cell) for cell in row))
    Console().print(rendered)


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar with rate and remaining time on stderr, if it is a terminal.

    Parameters
    ----------
    description : str
        Name of the work, such as "colorizing".
    total : int or None
        Number of steps, if it is known.

    Yields
    ------
    callable
        ``advance(n)`` reports ``n`` more steps.
    """
    if not sys.stderr.isatty() or (total is not None and total < 2):
        yield lambda n: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.speed:.1f}/s" if total is None else "{task.fields[rate]}"),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=total, rate="")

        def advance(n: int) -> None:
            bar.advance(task, n)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed:.1f}/s" if speed else "")

        yield advance


def note_foreign_weights(plugin: str, weights: Path | None) -> list[str]:
    """Print a note if the user named weights whose SHA-256 the plugin does not declare.

    Parameters
    ----------
    plugin : str
        Name of the colorizer.
    weights : Path or None
        The value of ``--weights``.

    Returns
    -------
    list of str
        Names of the artifacts that foreign files replace.

    Raises
    ------
    ColortkError
        If the plugin is unknown, or the weights cannot be used.
    """
    if weights is None:
        return []
    from colortk.cli.output import print_message
    from colortk.plugin.registry import registry
    from colortk.store.artifacts import artifacts_of

    artifacts = artifacts_of(registry().colorizer(plugin)[1], weights)
    if artifacts.foreign:
        print_message(f"note: {artifacts.foreign_note}")
    return list(artifacts.foreign)


def need_one_colorizer(name: str) -> None:
    """Discover no other built-in plugin than ``name``, if the process runs one command."""
    if click.get_current_context().meta.get(ONE_COMMAND):
        from colortk.plugin.origins import discover_built_in

        discover_built_in(name)
