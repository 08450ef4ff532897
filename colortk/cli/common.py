"""Options and output that several verbs share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON to stdout.")


def print_json(value: Any, indent: int | None = None) -> None:
    """One JSON value to stdout; file names that are not UTF-8 survive as escapes."""
    click.echo(json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False))


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table to stdout, wrapped to the terminal; when piped, tab-separated lines and ``# title``."""
    from colortk.cli.main import printable

    columns, rows = list(columns), [[printable(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        if title:
            click.echo(f"# {title}")
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
