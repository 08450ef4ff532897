"""Progress of a download: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from colortk.cli.output import print_message
from colortk.plugin.weights_folder import size_text

if TYPE_CHECKING:
    from rich.progress import Progress


class ByteProgress:
    """Print the progress of downloads to stderr; a context manager.

    Implements :class:`colortk.store.download.DownloadEvents`. A terminal gets a bar with bytes,
    speed and time left. A pipe or a file gets a line when a download begins.
    """

    def __init__(self) -> None:
        self._bar: Progress | None = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.markup import escape
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._escape = escape
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
                TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True),
            )  # fmt: skip

    def __enter__(self) -> ByteProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, name: str, done: int, total: int | None, host: str) -> None:
        """Show that a transfer begins."""
        if self._bar is None:
            size = f" of {size_text(total)}" if total else ""
            start = f", continued after {size_text(done)}" if done else ""
            print_message(f"downloading {name}{size} from {host}{start}")
            return
        for task in self._bar.task_ids:  # of a transfer that broke off
            self._bar.remove_task(task)
        self._bar.add_task(self._escape(name), total=total, completed=done)

    def advance(self, count: int) -> None:
        """Show ``count`` more bytes."""
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[-1], count)

    def note(self, text: str) -> None:
        """Print a line."""
        print_message(f"note: {text}")
