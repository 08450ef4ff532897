"""What ``colortk compare`` prints and writes."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colortk.cli.common import print_table, progress
from colortk.cli.output import escape_text, print_line, print_message

if TYPE_CHECKING:
    from colortk.harness.comparison import Comparison


#: Columns of a terminal from which on intervals fit, and how many a mean with its interval takes.
WIDE, INTERVAL = 150, 26


def check(files: dict[str, Path | None], as_json: bool, force: bool) -> None:
    """Refuse, before hours of work, what could not be written after it. Raises ``UsageError``."""
    from colortk.errors import UsageError
    from colortk.io.files import refuse_special

    given = [path for path in files.values() if path is not None]
    if [str(p) for p in given].count("-") + as_json > 1:
        raise UsageError("only one thing can go to stdout", hint="name files for the others")
    if len({path.absolute() for path in given}) < len(given):
        raise UsageError("two of the files to write are the same")
    for path in given:
        if str(path) == "-":
            continue
        refuse_special(path, UsageError)
        if path.exists() and not force:
            raise UsageError(f"'{path}' is there already", hint="use --force to overwrite it")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"cannot write '{path}'", "there is no such folder", "create it first")


def write(
    files: dict[str, Path | None],
    comparison: Comparison,
    per_image: bool,
    force: bool,
    store: Path | None,
) -> bool:
    """Write the files that were asked for, each whole or not at all; return whether any failed.

    A file that cannot be written keeps no other result from being written or printed.
    """
    from colortk.errors import ColortkError
    from colortk.io.files import write_atomic

    failed = False
    # Standard output last: where it is closed, that ends the command.
    for kind, path in sorted(files.items(), key=lambda item: str(item[1]) == "-"):
        if path is None:
            continue
        try:
            data = _content(kind, comparison, per_image, store)
            if str(path) != "-":
                write_atomic(path, data, force)
                continue
        except ColortkError as error:
            print_message(str(error))
            failed = True
            continue
        if kind != "html":
            data = escape_text(data.decode()).encode()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return failed


def _content(kind: str, comparison: Comparison, per_image: bool, store: Path | None) -> bytes:
    """One of the files, as bytes."""
    from colortk.report import text_tables
    from colortk.report.comparison_page import write_report

    if kind == "html":
        file = io.BytesIO()
        write_report(file, comparison, store)
        return file.getvalue()
    if kind == "csv":
        return text_tables.as_csv(comparison, per_image).encode("utf-8", "backslashreplace")
    return text_tables.markdown(comparison).encode("utf-8", "backslashreplace")


def complain(comparison: Comparison) -> bool:
    """Say, each thing once, what failed; whether anything did."""
    from colortk.harness.films.comparison import FilmComparison

    lines: dict[str, None] = {}
    for part in _parts(comparison):
        for failure in part.failures:
            where = f"{failure['picture']}: " if failure["plugin"] and failure["picture"] else ""
            lines[where + failure["error"]] = None
        if isinstance(part, FilmComparison):
            lines |= dict.fromkeys(part.incomplete)
    failed = bool(lines)
    for part in _parts(comparison):
        for row in part.metric_failures:
            lines[f"no {row['metric']} of {row['count']} results: {row['error']}"] = None
            # A measure that somebody named and that has no value at all is a failure.
            # Of gray originals some measures are not defined.
            asked = part.asked and not part.gray_only
            failed |= asked and not any(part.summaries[row["metric"]])
    if why := nothing_scored(comparison):
        lines[why] = None
        failed = True
    for line in lines:
        print_message(line)
    return failed


def nothing_scored(comparison: Comparison) -> str:
    """Why every table is empty although there are pictures; "" if one is not."""
    parts = _parts(comparison)
    if any(part.used for part in parts) or not any(part.readable for part in parts):
        return ""
    if any(part.candidates for part in parts):
        return "nothing was scored: no picture has a score of every plugin (leave out --common)"
    return (
        "nothing was scored: every original is gray, and there is no color to compare with"
        " (name pictures in color, or use --keep-gray to score gray ones in a table of their own)"
    )


def _parts(comparison: Comparison) -> list[Comparison]:
    """Every table's comparison, whether or not it has anything."""
    both = [part for part in (comparison, comparison.films) if part is not None]
    return [part for one in both for part in (one, one.gray) if part is not None]


def consistency(comparison: Comparison, timeout: float) -> dict[str, Any]:
    """``--sizes``: how much colour changes with size, by plugin."""
    from colortk.harness.size_consistency import consistency as measure

    total = len(comparison.used) * len(comparison.variants)
    with progress("sizes", total) as advance:
        return measure(comparison.used, comparison.variants, comparison.protocol, timeout, advance)


def show(comparison: Comparison, sizes: dict[str, Any] | None) -> None:
    """The tables, on a terminal or as tab-separated lines; those of films after those of pictures."""
    from colortk.report import text_tables

    for part in text_tables.sections(comparison):
        _show(part)
    if sizes is not None:
        _show_sizes(sizes)


def _show(comparison: Comparison) -> None:
    from colortk.report import captions, text_tables

    report = comparison.as_dict()
    films = captions.of_films(report)
    prefix = f"{captions.title(report)}: " if captions.title(report) else ""
    metrics = text_tables.headline(comparison)
    for line in captions.caption(report):
        print_note(line)
    if not comparison.used:
        return
    # A narrow terminal shows fewer columns, not the beginnings of many.
    room = _width()
    label = report["metrics"][report["ranking_metric"]]["heading"]
    title = f"mean [95 % interval], ranked by {label}"
    if room < WIDE:
        title = f"mean, ranked by {label} (a wider terminal shows intervals)"
        metrics = metrics[: max(1, (room - 65) // 12)]
    else:
        metrics = metrics[: (room - 65) // INTERVAL]
    print_table(prefix + title, *text_tables.ranking(report, metrics, interval=room >= WIDE))
    for line in captions.verdict_lines(report):
        print_note(line)
    shown = list(metrics)
    # A film alone has no intervals: its differences can be read in the table above.
    if report["paired"] and not (films and report["images"] < 2):
        usual = [report["ranking_metric"], "flicker" if films else "ab_rmse", "delta_e00"]
        usual = metrics if comparison.asked else usual
        print_table(
            prefix + captions.pairing_title(report, usual), *text_tables.pairing(report, usual)
        )
        shown += [m for m in usual if m in report["metrics"]]
    for line in captions.definitions(report, list(dict.fromkeys(shown))):
        print_note(line)


def _show_sizes(sizes: dict[str, Any]) -> None:
    rows = [
        [
            label,
            f"{row['mean']:.2f}",
            *(f"{v:.2f}" for v in row["pairs"].values()),
            str(row["n"]),
            str(row["failed"]),
        ]
        if "mean" in row
        else [label, "-", "-", "-", "-", "0", str(row["failed"])]
        for label, row in sizes.items()
    ]
    head = ["plugin", "mean ΔE00 ↓", "256-512", "256-2048", "512-2048", "pictures", "failed"]
    print_table("the same picture at 256, 512 and 2,048 pixels", head, rows)
    enlarged = max((row.get("enlarged", 0) for row in sizes.values()), default=0)
    if enlarged:
        print_note(f"{enlarged} of the pictures are smaller than 2,048 pixels and were enlarged")


def _width() -> int:
    """Columns of the terminal; of a pipe, as many as one likes."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000


def print_note(line: str) -> None:
    """A line beside a table: a comment where the table is piped."""
    print_line(line if sys.stdout.isatty() else f"# {line}")
