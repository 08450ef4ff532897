"""``colortk diff``: the pictures on which two plugins differ most."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colortk.cli.common import JSON, STORE, print_json, print_table, progress
from colortk.cli.compare_output import print_note
from colortk.cli.output import print_line, print_message

if TYPE_CHECKING:
    from colortk.harness.score_differences import PictureDifference


@click.command("diff", short_help="Show the pictures on which two plugins differ most.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.argument("inputs", nargs=-1, type=click.Path(path_type=Path), metavar="[PICTURE|DIR]...")
@click.option(
    "--metric",
    "-m",
    metavar="NAME",
    help="Compare by this metric. [default: the metric of the ranking]",
)
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
    inputs: tuple[Path, ...],
    metric: str | None,
    count: int,
    store: Path | None,
    as_json: bool,
) -> int:
    """Show the pictures whose scores differ most between the plugins A and B.

    A and B have the form of PLUGIN in `colortk compare --help`. Without pictures, the command uses
    all pictures for which the scores of both plugins are stored. With pictures, missing scores
    are computed.

    The first table tests the mean difference: p-values of each metric by itself, and corrected for
    the number of metrics (Holm).
    """
    from colortk.errors import UsageError
    from colortk.harness.results import Results
    from colortk.harness.score_differences import score_differences, stored_comparison
    from colortk.report.paired_tests import tests_table
    from colortk.report.wording import plural
    from colortk.store.location import store_folder

    if first == second:
        raise UsageError(
            f"'{first}' is given twice",
            "`diff` compares two different plugins",
            "choose another plugin",
        )
    if inputs:
        from colortk.harness.compare import compare

        comparison = compare(
            inputs, [first, second], [metric] if metric else None, temporal=(), store=store,
            progress=progress,
        )  # fmt: skip
        for failure in comparison.failures:
            print_message(failure.error)
    else:
        with Results(store_folder(store)) as results:
            comparison = stored_comparison(results, first, second, metric)
    differences = score_differences(comparison, first, second, metric)
    differences = replace(differences, pictures=differences.pictures[:count])
    if as_json:
        print_json(differences.as_dict(), indent=1)
        return 0
    info, mean = differences.metric, differences.mean
    ends = {True: ", higher is better", False: ", lower is better", None: ""}
    print_line(
        f"{info.label}{ends[info.higher_is_better]}, "
        f"{differences.images} pictures scored with both: "
        f"{first} {mean[0]:.{info.digits}f}, {second} {mean[1]:.{info.digits}f}"
    )
    tests = plural(len(differences.tests), "metric")
    print_table(f"{first} minus {second}, paired, {tests}", *tests_table(differences))
    head = ["picture", first, second, "difference"]
    print_table("where they differ most", head, _rows(differences.pictures, info.digits))
    print_note(f"{info.label}: {info.definition}")
    return 0


def _rows(pictures: list[PictureDifference], digits: int) -> list[list[str]]:
    return [
        [
            row.name,
            f"{row.scores[0]:.{digits}f}",
            f"{row.scores[1]:.{digits}f}",
            f"{row.difference:+.{digits}f}",
        ]
        for row in pictures
    ]
