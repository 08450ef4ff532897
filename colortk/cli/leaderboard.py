"""``colortk leaderboard``: print the stored results of comparisons."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colortk.cli.common import JSON, STORE, print_json, print_table
from colortk.cli.compare_output import print_note
from colortk.cli.output import print_line

if TYPE_CHECKING:
    from colortk.harness.board import Board, BoardRow


@click.command("leaderboard", short_help="Print the stored results of comparisons.")
@click.option(
    "--protocol", "protocol", metavar="NAME|HASH", help="Print only the results of this protocol."
)
@STORE
@JSON
def command(protocol: str | None, store: Path | None, as_json: bool) -> None:
    """Print the stored results of comparisons, by protocol. Nothing is computed.

    The plugins of one table were scored on the same pictures: their scores can be compared.
    Results are marked as old if the code of the plugin has changed since. A plugin with failures or
    old results gets no rank.
    """
    from colortk.harness.leaderboard import boards
    from colortk.harness.results import Results
    from colortk.report.captions import gray_lines, repeat_notes
    from colortk.report.verdict_notes import verdict_lines
    from colortk.report.wording import plural
    from colortk.store.location import store_folder

    with Results(store_folder(store)) as results:
        tables = boards(results, protocol)
    if as_json:
        print_json([board.as_dict() for board in tables], indent=1)
        return
    if not tables:
        print_line("no results are stored yet (see: colortk compare --help)")
    for board in tables:
        title = f"protocol {board.protocol.name} ({board.protocol.hash[:12]})"
        pictures = plural(board.images, board.kind.removesuffix("s"))
        headings = [metric.heading for metric in board.metrics.values()]
        head = ["rank", "group", "plugin", *headings, board.kind, "failed", "when"]
        rows = [_row(row, board) for row in board.plugins]
        print_note(f"set {board.set[:8]}: {_pictures(board)}")
        print_table(f"{title}, {pictures}, set {board.set[:8]}", head, rows)
        for line in [*gray_lines(board), *repeat_notes(board), *verdict_lines(board)]:
            print_note(line)
        for metric in board.metrics.values():
            print_note(f"{metric.label}: {metric.definition}")


def _pictures(board: Board) -> str:
    """Name some pictures of a board."""
    unnamed_count = board.images - len(board.names)
    names = ", ".join(board.names)
    return f"{names} and {unnamed_count:,} more" if unnamed_count else names


def _row(row: BoardRow, board: Board) -> list[str]:
    from colortk.report.captions import marked_name
    from colortk.report.wording import of_total

    cells = []
    for name, metric in board.metrics.items():
        value = row.metrics.get(name)
        cells.append("-" if value is None else f"{value:.{metric.digits}f}")
    when = datetime.fromtimestamp(row.when).strftime("%Y-%m-%d %H:%M")
    # Two old versions of one plugin may be listed.
    name = marked_name(row) + ("" if row.current else f" (old, {row.code[:8]})")
    rank = "-" if row.rank is None else str(row.rank)
    pictures = of_total(row.n, board.images)
    return [rank, row.group or "-", name, *cells, pictures, str(row.failed), when]
