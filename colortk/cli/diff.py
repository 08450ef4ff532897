"""``colortk diff``: the pictures on which two plugins differ most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from colortk.cli.common import JSON, STORE, print_json, print_table, progress
from colortk.cli.compare_output import print_note
from colortk.cli.output import print_line, print_message


@click.command("diff", short_help="Show the pictures on which two plugins differ most.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.argument("places", nargs=-1, type=click.Path(path_type=Path), metavar="[PICTURE|DIR]...")
@click.option("--metric", "-m", metavar="NAME", help="Use this score. [default: the ranking score]")
@click.option(
    "--count",
    "-n",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Show N pictures.",
)
@STORE
@JSON
def command(
    first: str,
    second: str,
    places: tuple[Path, ...],
    metric: str | None,
    count: int,
    store: Path | None,
    as_json: bool,
) -> int:
    """Show the pictures whose scores differ most between the plugins A and B.

    A and B are written as for `colortk compare -p`. Without pictures, stored results of pictures
    that both plugins were scored on are used. With pictures, missing scores are computed.
    """
    from colortk.errors import UsageError
    from colortk.harness.results import Results
    from colortk.harness.score_differences import between, scored_before
    from colortk.store.location import store_folder

    if first == second:
        raise UsageError(f"'{first}' is given twice", "two plugins are compared", "name another")
    if places:
        from colortk.harness.compare import compare

        comparison = compare(
            places, [first, second], [metric] if metric else None, temporal=(), store=store,
            progress=progress,
        )  # fmt: skip
        for failure in comparison.failures:
            print_message(failure["error"])
    else:
        with Results(store_folder(store)) as results:
            comparison = scored_before(results, first, second, metric)
    report = between(comparison, first, second, metric or comparison.lead)
    report["pictures"] = report["pictures"][:count]
    if as_json:
        print_json(report, indent=1)
        return 0
    label, digits = report["metric"]["label"], report["metric"]["digits"]
    ends = {True: ", higher is better", False: ", lower is better", None: ""}
    better = ends[report["metric"]["higher_is_better"]]
    print_line(
        f"{label}{better}, {report['images']} pictures scored with both:"
        f" {first} {report['mean'][0]:.{digits}f}, {second} {report['mean'][1]:.{digits}f}"
    )
    print_table(
        "where they differ most", ["picture", first, second, "difference"], _rows(report, digits)
    )
    print_note(f"{label}: {report['metric']['definition']}")
    return 0


def _rows(report: dict[str, Any], digits: int) -> list[list[str]]:
    return [
        [
            row["name"],
            f"{row['scores'][0]:.{digits}f}",
            f"{row['scores'][1]:.{digits}f}",
            f"{row['difference']:+.{digits}f}",
        ]
        for row in report["pictures"]
    ]
