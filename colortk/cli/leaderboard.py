"""``colortk leaderboard``: print the stored results of comparisons."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colortk.cli.common import JSON, STORE, print_json, print_table
from colortk.cli.compare_output import fitting_columns, print_note
from colortk.cli.output import print_line
from colortk.cli.paper_options import LATEX, LATEX_INTERVALS, check_latex_options

if TYPE_CHECKING:
    from colortk.harness.board import Board, BoardRow


@click.command("leaderboard", short_help="Print the stored results of comparisons.")
@click.option(
    "--protocol", "protocol", metavar="NAME|HASH", help="Print only the results of this protocol."
)
@STORE
@LATEX
@LATEX_INTERVALS
@click.option("--force", is_flag=True, help="Overwrite the file of --latex.")
@JSON
def command(
    protocol: str | None,
    store: Path | None,
    latex_file: Path | None,
    latex_intervals: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Print the stored results of comparisons, by protocol. Nothing is computed.

    The plugins of one table were scored on the same pictures: their scores can be compared.
    Results are marked as old if the code of the plugin has changed since. A plugin with failures or
    old results gets no rank. Results of a comparison that was stopped are left out until the same
    comparison is run to its end.
    """
    from colortk.cli.compare_output import check_files
    from colortk.harness.leaderboard import boards
    from colortk.harness.results import Results
    from colortk.store.location import store_folder

    check_latex_options(latex_file, latex_intervals)
    check_files({"latex": latex_file}, as_json, force)
    with Results(store_folder(store)) as results:
        tables = boards(results, protocol, marked=latex_file is not None)
    if latex_file is not None:
        _write_latex(latex_file, tables, latex_intervals, force)
    if as_json:
        print_json([board.as_dict() for board in tables], indent=1)
    elif not tables:
        print_line("no results of complete comparisons are stored (see: colortk compare --help)")
    elif str(latex_file) != "-":
        for board in tables:
            _print_board(board)


def _write_latex(path: Path, tables: list[Board], intervals: bool, force: bool) -> None:
    from colortk.io.files import write_atomic
    from colortk.report.latex import boards_to_latex

    text = boards_to_latex(tables, intervals)
    if str(path) != "-":
        write_atomic(path, text.encode(), force)
        return
    for line in text.splitlines():
        print_line(line)


def _print_board(board: Board) -> None:
    from colortk.report.captions import gray_lines, repeat_notes
    from colortk.report.text_tables import column_counts
    from colortk.report.verdict_notes import verdict_lines
    from colortk.report.wording import plural

    metrics, interval = fitting_columns(board.scored)
    counts = column_counts([row.means for row in board.plugins], metrics)
    title = f"protocol {board.protocol.name} ({board.protocol.hash[:12]})"
    pictures = plural(board.images, board.kind.removesuffix("s"))
    headings = [board.metrics[name].heading + counts.get(name, "") for name in metrics]
    head = ["rank", "group", "plugin", *headings, board.kind, "failed", "when"]
    rows = [_row(row, board, metrics, interval, bool(counts)) for row in board.plugins]
    print_note(f"set {board.set[:8]}: {_pictures(board)}")
    print_note("mean [95 % interval]" if interval else "mean (a wider terminal shows intervals)")
    print_table(f"{title}, {pictures}, set {board.set[:8]}", head, rows)
    for line in [*gray_lines(board), *repeat_notes(board), *verdict_lines(board)]:
        print_note(line)
    for name in metrics:
        print_note(f"{board.metrics[name].label}: {board.metrics[name].definition}")


def _pictures(board: Board) -> str:
    """Name some pictures of a board."""
    unnamed_count = board.images - len(board.names)
    names = ", ".join(board.names)
    return f"{names} and {unnamed_count:,} more" if unnamed_count else names


def _row(
    row: BoardRow, board: Board, metrics: list[str], interval: bool, counted: bool
) -> list[str]:
    from colortk.report.captions import marked_name
    from colortk.report.text_tables import mean_cell
    from colortk.report.wording import of_total

    cells = [
        mean_cell(row.means.get(name), board.metrics[name].digits, interval, counted)
        for name in metrics
    ]
    when = datetime.fromtimestamp(row.when).strftime("%Y-%m-%d %H:%M")
    # Two old versions of one plugin may be listed.
    name = marked_name(row) + ("" if row.current else f" (old, {row.code[:8]})")
    rank = "-" if row.rank is None else str(row.rank)
    pictures = of_total(row.n, board.images)
    return [rank, row.group or "-", name, *cells, pictures, str(row.failed), when]
