"""Print and write the results of ``colortk compare``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.cli.common import print_table, progress
from colortk.cli.output import print_line, print_message

if TYPE_CHECKING:
    from colortk.harness.comparison import Comparison
    from colortk.harness.hint_curves import HintCurves
    from colortk.harness.size_consistency import SizeConsistency


#: Columns of a terminal that shows intervals.
WIDE_TERMINAL = 150
#: Columns of a mean with its interval.
INTERVAL_COLUMNS = 26
#: Columns of the names and other texts of a row.
TEXT_COLUMNS = 65
#: Columns of a mean without its interval.
MEAN_COLUMNS = 12


def check_files(files: dict[str, Path | None], as_json: bool, force: bool) -> None:
    """Refuse files that cannot be written, before hours of work.

    Parameters
    ----------
    files : dict of str to Path or None
        The files that the user named, by their kind; ``-`` is standard output.
    as_json : bool
        JSON is printed to standard output.
    force : bool
        Overwrite files.

    Raises
    ------
    UsageError
        A file exists, cannot be written, or is named twice.
    """
    from colortk.errors import UsageError
    from colortk.io.files import refuse_special

    paths = [path for path in files.values() if path is not None]
    if [str(path) for path in paths].count("-") + as_json > 1:
        reason = "standard output can hold only one of them"
        raise UsageError(
            "several outputs go to standard output", reason, "name files for the others"
        )
    if len({path.absolute() for path in paths}) < len(paths):
        reason = "each output needs its own file"
        raise UsageError("two outputs have the same file", reason, "name different files")
    for path in paths:
        if str(path) == "-":
            continue
        refuse_special(path, UsageError)
        if path.exists() and not force:
            raise UsageError(f"'{path}' exists", hint="use --force to overwrite it")
        if not path.absolute().parent.is_dir():
            raise UsageError(
                f"cannot write '{path}'", "its folder does not exist", "create the folder first"
            )


def print_failures(comparison: Comparison) -> bool:
    """Print each failure of a comparison once. Return whether there was one."""
    from colortk.harness.films.comparison import FilmComparison
    from colortk.report.text_tables import all_parts

    lines: dict[str, None] = {}
    for part in all_parts(comparison):
        for failure in part.failures:
            prefix = f"{failure.picture}: " if failure.plugin and failure.picture else ""
            lines[prefix + failure.error] = None
        if isinstance(part, FilmComparison):
            lines |= dict.fromkeys(part.incomplete)
    failed = bool(lines)
    for part in all_parts(comparison):
        for row in part.metric_failures:
            lines[f"no {row.metric} of {row.count} results: {row.error}"] = None
            # A score that was asked for and has no value is a failure, but some scores are not
            # defined for gray originals.
            required = part.metrics_requested and not part.gray_only
            failed |= required and not any(part.summaries[row.metric])
    if reason := empty_reason(comparison):
        lines[reason] = None
        failed = True
    for line in lines:
        print_message(line)
    return failed


def empty_reason(comparison: Comparison) -> str:
    """Return why all tables are empty although there are pictures; "" if one is not empty."""
    from colortk.report.text_tables import all_parts

    parts = all_parts(comparison)
    if any(part.used for part in parts) or not any(part.readable for part in parts):
        return ""
    if any(part.candidates for part in parts):
        return "nothing was scored: no picture has a score of every plugin (leave out --common)"
    return (
        "nothing was scored: every original is gray, and there is no color to compare with"
        " (name pictures in color, or use --keep-gray to score gray ones in a second table)"
    )


def measure_sizes(comparison: Comparison, timeout: float) -> dict[str, SizeConsistency]:
    """Return how much color changes with size, by plugin (``--sizes``)."""
    from colortk.harness.size_consistency import measure_size_consistency

    total = len(comparison.used) * len(comparison.variants)
    with progress("sizes", total) as advance:
        return measure_size_consistency(
            comparison.used, comparison.variants, comparison.protocol, timeout, advance
        )


def show(comparison: Comparison, sizes: dict[str, SizeConsistency] | None) -> None:
    """Print the tables, films last; see :func:`colortk.cli.common.print_table`."""
    from colortk.report.text_tables import comparison_parts

    for part_of_comparison in comparison_parts(comparison):
        _print_comparison(part_of_comparison)
    if comparison.hints is not None:
        _show_hints(comparison.hints)
    if sizes is not None:
        _show_sizes(sizes)


def _print_comparison(comparison: Comparison) -> None:
    from colortk.report import captions, text_tables
    from colortk.report.verdict_notes import pairing_title, verdict_lines

    summary = comparison.summary()
    is_films = summary.kind == "films"
    heading = captions.title(summary)
    prefix = f"{heading}: " if heading else ""
    metrics = text_tables.table_metrics(comparison)
    for line in captions.caption(summary):
        print_note(line)
    if not comparison.used:
        return
    metrics, interval = fitting_columns(metrics)
    label = summary.metrics[summary.ranking_metric].heading
    title = f"mean [95 % interval], ranked by {label}"
    if not interval:
        title = f"mean, ranked by {label} (a wider terminal shows intervals)"
    print_table(prefix + title, *text_tables.ranking_table(summary, metrics, interval=interval))
    for line in verdict_lines(summary):
        print_note(line)
    printed_metrics = list(metrics)
    # With a single film there are no intervals, and the table above shows the differences.
    if summary.paired and not (is_films and summary.images < 2):
        usual = [summary.ranking_metric, "flicker" if is_films else "ab_rmse", "delta_e00"]
        usual = metrics if comparison.metrics_requested else usual
        print_table(
            prefix + pairing_title(summary, usual), *text_tables.paired_table(summary, usual)
        )
        printed_metrics += [metric for metric in usual if metric in summary.metrics]
    for line in captions.definitions(summary.metrics, list(dict.fromkeys(printed_metrics))):
        print_note(line)


def _show_hints(curves: HintCurves) -> None:
    from colortk.report.hint_tables import caption, hint_table

    print_note(caption(curves))
    for metric in curves.metrics:
        print_table(*hint_table(curves, metric))


def _show_sizes(sizes: dict[str, SizeConsistency]) -> None:
    rows = [
        [
            label,
            f"{row.mean:.2f}",
            *(f"{value:.2f}" for value in (row.pairs or {}).values()),
            str(row.n),
            str(row.failed),
        ]
        if row.mean is not None
        else [label, "-", "-", "-", "-", "0", str(row.failed)]
        for label, row in sizes.items()
    ]
    head = ["plugin", "mean ΔE00 ↓", "256-512", "256-2048", "512-2048", "pictures", "failed"]
    print_table("the same picture at 256, 512 and 2,048 pixels", head, rows)
    enlarged = max((row.enlarged for row in sizes.values()), default=0)
    if enlarged:
        print_note(f"{enlarged} of the pictures are smaller than 2,048 pixels and were enlarged")


def fitting_columns(metrics: Sequence[str]) -> tuple[list[str], bool]:
    """Return the metrics for which a table has columns, and whether these have intervals.

    A narrow terminal shows fewer columns, not the beginnings of many.
    """
    width = _width()
    if width < WIDE_TERMINAL:
        return list(metrics)[: max(1, (width - TEXT_COLUMNS) // MEAN_COLUMNS)], False
    return list(metrics)[: (width - TEXT_COLUMNS) // INTERVAL_COLUMNS], True


def _width() -> int:
    """Return the columns of the terminal; a pipe has no limit."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000


def print_note(line: str) -> None:
    """Print a line beside a table; in a pipe, the line is a comment."""
    print_line(line if sys.stdout.isatty() else f"# {line}")
