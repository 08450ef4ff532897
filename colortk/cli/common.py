"""Options and output that several verbs share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from colortk.cli.output import escape_controls, print_line
from colortk.plugin.spec import DEFAULT


def _one(context: click.Context, _: click.Parameter, said: tuple[str, ...]) -> str:
    """The last would win, and nobody notice."""
    if len(said) > 1:
        raise click.UsageError(
            f"--plugin is said {len(said)} times, and one is taken: colortk compare takes several",
            context,
        )
    return said[0]


PLUGIN = click.option(
    "--plugin", "-p", multiple=True, default=(DEFAULT,), show_default=True, callback=_one,
    help="Colorizer to use.",
)  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON to stdout.")

THREADS = click.option(
    "--threads",
    type=click.IntRange(1),
    help="Of each process that colorizes. [default: COLORTK_THREADS, else its share of the cores]",
)
DEVICE = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    help="Where trained networks run. [default: COLORTK_DEVICE, else auto]",
)
STRENGTH = click.option(
    "--strength",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 2),
    help="Factor on the colours.",
)
OPTIONS = click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Option of the plugin; repeatable.",
)


def announce(threads: int | None, device: str | None) -> None:
    """Set threads and device for this process and those that it starts; ``None``: as they are."""
    from colortk.runtime import subprocesses

    if device is not None:
        os.environ["COLORTK_DEVICE"] = device
    if threads is not None:
        os.environ.update(dict.fromkeys(subprocesses.THREADS, str(threads)))


def settle(threads: int | None, device: str | None) -> None:
    """Announce threads and device, and make sure of the device.

    To be called first: the libraries read it when they are imported. Raises
    ``UsageError`` if the environment wants a device that there is not.
    """
    announce(threads, device)
    from colortk.runtime import inference

    inference.device()  # raises


def print_json(value: Any, indent: int | None = None) -> None:
    """One JSON value to stdout; file names that are not UTF-8 survive as escapes."""
    click.echo(json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False))


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table to stdout, wrapped to the terminal; when piped, tab-separated lines and ``# title``."""
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

    drawn = Table(title=title or None, title_justify="left")
    for column in columns:
        drawn.add_column(column)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left on stderr, on a terminal only; yields ``advance(n)``."""
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
        task = bar.add_task(what, total=total, rate="")

        def advance(n: int) -> None:
            bar.advance(task, n)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed:.1f}/s" if speed else "")

        yield advance
