"""Run a batch of ``colortk run`` and print what becomes of it."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.cli.common import progress
from colortk.cli.output import print_message

if TYPE_CHECKING:
    from colortk.batch.batch_run import BatchRun
    from colortk.batch.options import BatchOptions


def run_batch(
    batch: BatchRun,
    report_path: Path | None,
    options: BatchOptions,
    as_json: bool,
    foreign_weights: list[str],
) -> int:
    """Run a batch, print its results, and return the exit code."""
    from colortk.cli.run_output import ResultPrinter

    with ExitStack() as stack:
        stack.enter_context(batch)
        journal_problem = batch.journal_problem
        if journal_problem:
            print_message(f"note: --resume cannot continue this run: {journal_problem}")
        report = None
        if report_path is not None:
            from colortk.cli.run_report import JsonLinesReport

            report = JsonLinesReport(report_path, options.force, options.resume)
            stack.callback(report.close)
        printer = ResultPrinter(batch.total, as_json, batch.writes_to_stdout, report)
        results = stack.enter_context(closing(batch.results()))
        advance = stack.enter_context(progress("colorizing", batch.total))
        try:
            for result in results:
                advance(1)
                printer.print_result(replace(result, foreign_weights=foreign_weights))
        except KeyboardInterrupt:
            printer.print_interrupted()
            raise
    if options.intermediates is not None and printer.done:
        folder = options.intermediates / "predicted"
        print_message(f"predicted A and B are pickled in '{folder}'")
    if batch.journal_problem and not journal_problem:  # known now that the journal is closed
        print_message(f"note: --resume will repeat a part of this run: {batch.journal_problem}")
    printer.print_summary(batch.disk_full)
    return 0 if printer.success else 1
