"""Outputs that are being written: the journal is kept, and a full disk ends the batch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.batch.options import STANDARD_STREAM, BatchOptions
from colortk.batch.plan import PlannedFile, report_missing
from colortk.batch.results import FileResult
from colortk.io.files import already_exists, sweep

if TYPE_CHECKING:
    from colortk.batch.journal import Journal


#: Results in a row that the disk had no room for, after which no more pictures are begun.
MAX_FULL_DISK_ERRORS = 3


class OutputTracker:
    """Records the begin and the end of every output.

    Parameters
    ----------
    options : BatchOptions
    journal : Journal or None
        Where begins and ends are recorded, for later runs.

    Attributes
    ----------
    disk_full : bool
        The disk is full, and no more pictures must be begun.
    """

    def __init__(self, options: BatchOptions, journal: Journal | None = None) -> None:
        self._options, self._journal = options, journal
        self._open: dict[str, PlannedFile] = {}
        self._full_disk_errors = 0
        self.disk_full = False

    def begin(self, planned: PlannedFile, result: FileResult) -> bool:
        """Record that an output will be written.

        Parameters
        ----------
        planned : PlannedFile
            A picture with a target.
        result : FileResult
            Its result, which is completed here if there is nothing to do.

        Returns
        -------
        bool
            Whether the picture is to be colorized. It is not if another process has written the
            output since the batch was planned.
        """
        target = planned.target
        assert target is not None
        if target.path is None:
            return True
        if not target.overwrite and os.path.exists(target.path):
            if self._options.skip_existing:
                result.skipped = True
            elif not self._finished_by_another_run(planned, result):
                result.error = str(already_exists(Path(target.path)))
            return False
        self._open[target.path] = planned
        if self._journal is not None and planned.name != STANDARD_STREAM:
            self._journal.begin(
                planned.name, Path(target.path), self._options.force, target.may_be_partial
            )
        return True

    def record_output(self, planned: PlannedFile, result: FileResult) -> None:
        """Record that an output is written, or why it is not.

        Parameters
        ----------
        planned : PlannedFile
            A picture that was begun.
        result : FileResult
            Its result; an error is removed from it if another run has made the output.
        """
        assert planned.target is not None
        path = planned.target.path
        if path is None or self._open.pop(path, None) is None:
            return
        if result.error is None:
            self._full_disk_errors = 0
        elif self._finished_by_another_run(planned, result):
            result.error, result.no_room = None, False
            return
        else:
            self._full_disk_errors += result.no_room
            self.disk_full = self.disk_full or self._full_disk_errors >= MAX_FULL_DISK_ERRORS
        if self._journal is not None and planned.name != STANDARD_STREAM:
            self._journal.record(planned.name, Path(path), result)

    def close(self) -> None:
        """Record begun outputs as done if the file exists, else as failed.

        Outputs that may be incomplete are left out.
        """
        for path, planned in self._open.items():
            assert planned.target is not None
            exists = os.path.exists(path)
            if exists and planned.target.may_be_partial and not self._options.force:
                continue  # it may be incomplete; --resume colorizes it again
            if self._journal is not None and planned.name != STANDARD_STREAM:
                # With --force the file may be the one from before.
                self._journal.end(planned.name, Path(path), exists and not self._options.force)
        self._open.clear()

    def _finished_by_another_run(self, planned: PlannedFile, result: FileResult) -> bool:
        """Whether another run has made the output meanwhile; then complete ``result``."""
        journal = self._journal
        if journal is None or not journal.resumes or planned.output is None:
            return False
        journal.refresh()
        path = Path(planned.output)
        if not journal.done(planned.name, path):
            return False
        result.skipped = result.resumed = True
        missing = journal.missing(planned.name, path)
        if missing is not None:
            report_missing(result, missing)
        return True


def sweep_output_folders(plans: Iterable[PlannedFile]) -> None:
    """Delete the temporary files that killed processes left where results go."""
    folders = {os.path.dirname(planned.output) for planned in plans if planned.output is not None}
    for folder in folders:
        sweep(Path(folder))
