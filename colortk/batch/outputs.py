"""The plan of a batch: where each result goes, what is already done, and what is refused.

Everything is decided before the first picture is decoded. File types are recognized by the first
bytes of the files.
"""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.batch.earlier_results import earlier_results
from colortk.batch.inputs import InputItem
from colortk.batch.options import STANDARD_STREAM, BatchOptions
from colortk.batch.plan import OutputTarget, PlannedFile
from colortk.batch.process_file import read_standard_input, record_errors
from colortk.batch.results import FileResult
from colortk.errors import PictureError
from colortk.io.decode import decode, read_bytes
from colortk.io.encode import OUTPUT_FORMATS, extension_for, extension_of
from colortk.io.files import already_exists, refuse_special
from colortk.io.sniff import find_format

if TYPE_CHECKING:
    from colortk.batch.journal import Journal


class OutputPlanner:
    """Give every picture a unique output path that is not the path of an input.

    Parameters
    ----------
    options : BatchOptions
    journal : Journal or None
        Lists the outputs that earlier runs have finished, if it was opened to resume.
    """

    def __init__(self, options: BatchOptions, journal: Journal | None = None) -> None:
        self._options, self._journal = options, journal
        self._resumes = journal is not None and journal.resumes
        self._to_folder = False
        self._originals: dict[str, str] = {}
        self._inputs: dict[tuple[int, int], str] = {}
        self._owners: dict[str, str] = {}
        self._data: dict[str, bytes | None] = {}  # of inputs that cannot be read twice

    def plan(self, items: Sequence[InputItem]) -> list[PlannedFile]:
        """Plan all pictures of a batch.

        Parameters
        ----------
        items : sequence of InputItem

        Returns
        -------
        list of PlannedFile
            One for each item, in the same order.

        Raises
        ------
        UsageError
            The options name a file type that cannot be written.
        """
        options = self._options
        has_folders = any(item.folder is not None for item in items)
        self._to_folder = options.output is not None and (
            has_folders or options.output_is_folder or options.output.is_dir()
        )
        names = [item.name for item in items if item.error is None]
        # A result that the user names together with -o is colorized again.
        found_names = [
            item.name for item in items if item.folder is not None and item.error is None
        ]
        self._originals = earlier_results(names if options.output is None else found_names, options)
        self._inputs = {
            identity: name
            for name in names
            if name not in self._originals and (identity := _file_identity(name)) is not None
        }
        self._owners = {}
        return [self._plan_item(item) for item in items]

    def _plan_item(self, item: InputItem) -> PlannedFile:
        original = self._originals.get(item.name)
        if original is not None:
            return PlannedFile(item.name, skipped=True, result_of=original, variant=item.variant)
        start = time.perf_counter()
        planned: PlannedFile | None = None
        failure = FileResult(item.name, None, "")
        with record_errors(failure):
            if item.error is not None:
                raise PictureError(item.error)
            planned = self.already_done(item) or self._plan_output(item, failure)
        if planned is None:
            planned = PlannedFile(item.name, output=failure.output, error=failure.error)
        elif planned.output is not None and planned.output != STANDARD_STREAM:
            self._owners[planned.output] = item.name
        planned.seconds = time.perf_counter() - start
        planned.variant = item.variant
        return planned

    def already_done(self, item: InputItem) -> PlannedFile | None:
        """Return a plan with nothing to do if this is known without opening the picture."""
        if item.name == STANDARD_STREAM:
            return None
        if self._resumes:
            assert self._journal is not None
            for output in self._journal.outputs(item.name):
                path = self.output_path(item, extension_of(output))
                if path is not None and str(path) not in self._owners:
                    planned = self._finished_before(item, path)
                    if planned is not None:
                        return planned
        if self._options.skip_existing:
            # The file type may depend on the content: the one of the name is tried first.
            extension = extension_of(item.name)
            likely = extension if OUTPUT_FORMATS.get(extension, "PPM") != "PPM" else "png"
            path = self.output_path(item, likely)
            if path is None or str(path) in self._owners:
                return None
            if path.exists() and not _is_same_file(path, item.name):
                return PlannedFile(item.name, output=str(path), skipped=True)
        return None

    def output_path(self, item: InputItem, input_type: str) -> Path | None:
        """Return the output path of a picture; ``None`` is standard output.

        Parameters
        ----------
        item : InputItem
        input_type : str
            Extension of a file type that can hold the picture; ``--ext`` wins.
        """
        options, output = self._options, self._options.output
        extension = options.extension or input_type
        number = "" if item.variant is None else f"-{item.variant}"
        if output is not None and str(output) == STANDARD_STREAM:
            return None
        if item.name == STANDARD_STREAM:
            if output is None:
                return None
            if not self._to_folder:
                return output.with_name(f"{output.stem}{number}{output.suffix}")
            return output / f"stdin{options.suffix}{number}.{extension}"
        source = Path(item.name)
        if output is None:
            return source.with_name(f"{source.stem}{options.suffix}{number}.{extension}")
        if self._to_folder:
            return output / (item.folder or "") / f"{source.stem}{number}.{extension}"
        return output.with_name(f"{output.stem}{number}{output.suffix}")

    def _plan_output(self, item: InputItem, failure: FileResult) -> PlannedFile:
        """Plan a picture that is not known to be done. Raises ``PictureError``.

        The output path is also set in ``failure``, for the error of a picture that is refused.
        """
        data = self._unseekable_data(item)
        input_format = self._input_format(item, data)
        path = self.output_path(item, extension_for(input_format or "PNG"))
        if path is None:
            return PlannedFile(item.name, OutputTarget(None), STANDARD_STREAM, data=data)
        failure.output = str(path)
        try:
            return self._plan_path(item, path, data)
        except PictureError:
            if input_format is None:  # that the file is no picture says more
                decode(read_bytes(Path(item.name)), item.name, self._options.max_pixels)
            raise

    def _plan_path(self, item: InputItem, path: Path, data: bytes | None) -> PlannedFile:
        """Plan to write the result of ``item`` to ``path``. Raises ``PictureError``."""
        self._refuse(item, path)
        planned = self._finished_before(item, path)
        if planned is not None:
            return planned
        replaces = False
        if path.exists() and not self._options.force:
            if self._options.skip_existing:
                return PlannedFile(item.name, output=str(path), skipped=True)
            if self._resumes:
                assert self._journal is not None
                self._journal.refresh()  # another run may have finished it just now
                planned = self._finished_before(item, path)
                if planned is not None:
                    return planned
            if self._journal is None or not self._journal.replaceable(item.name, path):
                changed = "made with other settings, or changed since" if self._resumes else ""
                raise already_exists(path, changed)
            replaces = True
        target = OutputTarget(
            str(path),
            overwrite=self._options.force or replaces,
            make_folder=item.folder is not None or self._options.output_is_folder,
            may_be_partial=replaces or self._options.allow_truncated,
            variant=item.variant,
        )
        return PlannedFile(item.name, target, target.path, data=data)

    def _unseekable_data(self, item: InputItem) -> bytes | None:
        """Read standard input or a pipe if it is needed twice. Raises ``PictureError``.

        It is if the name of its result depends on its content, or if there are several versions.
        """
        if item.variant is not None:
            return self._shared_data(item)
        if self._options.extension is not None:
            return None
        if item.name == STANDARD_STREAM:
            return read_standard_input() if self._to_folder else None
        return read_bytes(Path(item.name)) if _is_pipe(item.name) else None

    def _shared_data(self, item: InputItem) -> bytes | None:
        """Read standard input or a pipe once for all versions of its picture."""
        if item.name != STANDARD_STREAM and not _is_pipe(item.name):
            return None
        if item.name not in self._data:
            self._data[item.name] = None
            is_standard = item.name == STANDARD_STREAM
            self._data[item.name] = (
                read_standard_input() if is_standard else read_bytes(Path(item.name))
            )
        data = self._data[item.name]
        if data is None:
            raise PictureError(f"cannot read '{item.name}'", "it could not be read before")
        return data

    def _input_format(self, item: InputItem, data: bytes | None) -> str | None:
        """Return the format of a picture if the output path may depend on it.

        ``None`` means that the file is not a picture. Raises ``PictureError``.
        """
        if self._options.extension is not None or (item.name == STANDARD_STREAM and data is None):
            return "PNG"  # nothing depends on it
        return find_format(Path(item.name) if data is None else io.BytesIO(data))

    def _finished_before(self, item: InputItem, path: Path) -> PlannedFile | None:
        if self._journal is None or not self._journal.done(item.name, path):
            return None
        missing = self._journal.missing(item.name, path)
        return PlannedFile(item.name, output=str(path), skipped=True, resumed=True, missing=missing)

    def _refuse(self, item: InputItem, path: Path) -> None:
        """Raise ``PictureError`` if the result of ``item`` cannot be written to ``path``."""
        identity = _file_identity(str(path))
        source = None if identity is None else self._inputs.get(identity)
        if source is not None:
            writer = "its own result" if source == item.name else f"the result of '{item.name}'"
            raise PictureError(
                f"'{source}' would be overwritten by {writer}",
                "",
                "choose another -o or --suffix",
            )
        if str(path) in self._owners:
            raise PictureError(
                f"'{path}' is already the output of '{self._owners[str(path)]}'",
                "",
                "give the pictures different output folders",
            )
        refuse_special(path)


def _file_identity(name: str) -> tuple[int, int] | None:
    """Return a value that all names of one file share; ``None`` if there is no file."""
    try:
        status = os.stat(name)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _is_pipe(name: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(name).st_mode)
    except (OSError, ValueError):
        return False


def _is_same_file(path: Path, name: str) -> bool:
    try:
        return path.samefile(name)
    except OSError:
        return False
