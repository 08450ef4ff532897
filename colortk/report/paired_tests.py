"""The table of the tests between two plugins."""

from __future__ import annotations

from colortk.harness.paired_tests import PairedTest
from colortk.harness.score_differences import ScoreDifferences
from colortk.report.text_tables import Table, signed_difference
from colortk.report.wording import p_value


def tests_table(differences: ScoreDifferences) -> Table:
    """Return one row for each metric: means, difference with its interval, p-values, wins."""
    head = ["metric", *differences.plugins, "difference [95 %]", "p", "p (Holm)"]
    head += ["wins/ties/losses", "pictures"]
    return Table(head, [_row(test) for test in differences.tests])


def _row(test: PairedTest) -> list[str]:
    digits, difference = test.info.digits, test.difference
    tally = "-"
    if difference.wins is not None:
        tally = f"{difference.wins}/{difference.ties}/{difference.losses}"
    return [
        test.info.heading,
        *("-" if mean is None else f"{mean.mean:.{digits}f}" for mean in test.means),
        signed_difference(difference.mean, difference.ci95, digits),
        p_value(difference.p),
        p_value(test.p_holm),
        tally,
        str(difference.n),
    ]
