"""Where each result goes, and what stands in its way."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colortk.batch.inputs import Item
from colortk.batch.records import STANDARD, Record, Settings, Spot
from colortk.errors import ColortkError, PictureError, UsageError
from colortk.io.discovery import endings
from colortk.io.encode import FORMATS, extension_of, known_format
from colortk.io.files import already_exists, refuse_special, sweep

if TYPE_CHECKING:
    from colortk.batch.journal import Journal


#: Results one after the other that the disk had no room for: the rest would fare no better.
FULL = 3


class Held(ColortkError):
    """Another picture that is being colorized has the same place: this one has to wait for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"'{path}' is being written")


def check(settings: Settings, items: list[Item]) -> None:
    """Refuse what no picture could survive. Raises ``UsageError``."""
    if settings.extension is not None:
        known_format(settings.extension)
    if "/" in settings.suffix or os.sep in settings.suffix:
        raise UsageError(f"--suffix {settings.suffix}", "a suffix has no folder in it", "use -o")
    if settings.force and settings.skip_existing:
        raise UsageError("--force overwrites what --skip-existing leaves", hint="leave one out")
    output = settings.output
    if sum(item.name == STANDARD for item in items) > 1:
        raise UsageError("standard input was named more than once")
    if output is None or str(output) == STANDARD:
        if output is not None and len(items) > 1:
            raise UsageError("-o - takes one picture", f"{len(items)} were given")
        return
    if output.is_dir():
        return
    if settings.folder:
        if output.exists():
            raise UsageError(f"-o '{output}/' must be a folder", "it is a file")
        return  # it is made when the first result is there
    if any(item.folder is not None for item in items):
        if output.exists() or extension_of(output) in FORMATS:
            why = "it is a file" if output.exists() else "its name is one of a picture"
            raise UsageError(f"-o '{output}' must be a folder for the pictures found", why)
        return  # made, too
    if len(items) > 1:
        why = "it is a file" if output.exists() else "it does not exist"
        do = "name another" if output.exists() else f"to make it: -o '{output}/'"
        raise UsageError(f"-o '{output}' must be a folder for {len(items)} pictures", why, do)
    if not output.suffix and settings.extension is None:
        raise UsageError(
            f"-o '{output}'",
            "it is no folder, and no file type follows from its name",
            f"add .png, or make it a folder: -o '{output}/'",
        )
    if output.suffix:
        named = known_format(extension_of(output))
        if settings.extension is not None and known_format(settings.extension) != named:
            raise UsageError(f"-o '{output}' and --ext {settings.extension} do not agree")


class Places:
    """Gives every picture a place of its own that is no input's.

    ``journal``: told of what is begun and done, and asked for it if it was opened for that.
    ``full``: the disk is, and nothing more is to be begun.
    """

    def __init__(
        self, items: list[Item], settings: Settings, journal: Journal | None = None
    ) -> None:
        self.settings, self.journal = settings, journal
        output = settings.output
        found = any(item.folder is not None for item in items)
        self._into = output is not None and (found or settings.folder or output.is_dir())
        names = [item.name for item in items if item.error is None]
        #: Inputs that are results of others, and of which.
        # Who names a result, and another place for its own, wants it.
        unnamed = [item.name for item in items if item.folder is not None and item.error is None]
        self.results = earlier_results(names if output is None else unnamed, settings)
        self._sources = {
            identity: name
            for name in names
            if name not in self.results and (identity := _identity(name)) is not None
        }
        self._taken: dict[str, str] = {}  # not of paths: they take ten times the memory
        self._busy: dict[str, str] = {}
        self._unsure: set[str] = set()  # what is there may be partial until its record says more
        self._folders: set[str] = set()
        self.full, self._without_room = False, 0

    def record(self, item: Item, plugin: str) -> Record:
        """An empty record of a picture, skipped if it is itself a result."""
        original = self.results.get(item.name)
        return Record(item.name, None, plugin, skipped=original is not None, result_of=original)

    def target(self, item: Item, suggested: str) -> Path | None:
        """Where the result of ``item`` goes; ``None`` is standard output."""
        settings, output = self.settings, self.settings.output
        extension = settings.extension or suggested
        if output is not None and str(output) == STANDARD:
            return None
        if item.name == STANDARD:
            if output is None or not self._into:
                return output
            return output / f"stdin{settings.suffix}.{extension}"
        source = Path(item.name)
        if output is None:
            return source.with_name(f"{source.stem}{settings.suffix}.{extension}")
        if self._into:
            return output / (item.folder or "") / f"{source.stem}.{extension}"
        return output

    def early(self, item: Item, record: Record) -> bool:
        """Whether it is known without a look into the file that nothing is to be done."""
        if item.name == STANDARD:
            return False
        if self.journal is not None and self.journal.resumes:
            for output in self.journal.outputs(item.name):
                path = self.target(item, extension_of(output))
                if path is None or str(path) in self._taken:
                    continue
                if self._done(item, path, record):
                    return True
        if self.settings.skip_existing:
            # The extension may depend on the file's content: what its name says is looked for.
            extension = extension_of(item.name)
            likely = extension if FORMATS.get(extension, "PPM") != "PPM" else "png"
            path = self.target(item, likely)
            if path is None or str(path) in self._taken:
                return False
            if path.exists() and not _same(path, item.name):
                self._taken[str(path)] = item.name
                record.output, record.skipped = str(path), True
                return True
        return False

    def claim(self, item: Item, record: Record, suggested: str) -> Spot | None:
        """The place of a result of the type ``suggested``; ``None`` if there is nothing to do.

        To be given back by :meth:`finish`. Raises ``PictureError``, or ``Held`` while the picture
        that has the place is not finished.
        """
        path = self.target(item, suggested)
        record.output = STANDARD if path is None else str(path)
        if path is None:
            return Spot(None)
        if str(path) in self._busy:
            raise Held(path)
        self._refuse(path, record)
        if self._done(item, path, record):
            return None
        replaces = False
        if path.exists() and not self.settings.force:
            if self.settings.skip_existing:
                record.skipped = True
                return None
            if self._done_by_another(item, path, record):
                return None
            resumes = self.journal is not None and self.journal.resumes
            if self.journal is None or not self.journal.replaceable(item.name, path):
                raise already_exists(
                    path, "made with other settings, or changed since" if resumes else ""
                )
            replaces = True
        self._taken[str(path)] = item.name
        self._busy[str(path)] = item.name
        unsure = replaces or self.settings.allow_truncated
        if unsure:
            self._unsure.add(str(path))
        if self.journal is not None and item.name != STANDARD:
            self.journal.begin(item.name, path, self.settings.force, unsure)
        force = self.settings.force or replaces
        return Spot(path, force, make=item.folder is not None or self.settings.folder)

    def finish(self, item: Item, spot: Spot, record: Record) -> None:
        """A picture that has a place is finished, well or not."""
        path = spot.path
        if path is None:
            return
        self._busy.pop(str(path), None)
        if record.error is not None:
            if self._done_by_another(item, path, record):
                record.error, record.no_room = None, False
                return
            self._taken.pop(str(path), None)
            self._without_room += record.no_room
            self.full = self.full or self._without_room >= FULL
        else:
            self._without_room = 0
        self._unsure.discard(str(path))
        self._end(item.name, path, record.error is None, record.missing)

    def close(self) -> None:
        """Nothing more is done: what was in hand is there, whole, or will not be."""
        for path, name in self._busy.items():
            there = os.path.exists(path)
            if there and path in self._unsure and not self.settings.force:
                continue  # whether it is whole is not known here: --resume makes it again
            # With --force what is there may be what was there.
            self._end(name, Path(path), there and not self.settings.force)
        self._busy.clear()

    def _end(
        self, name: str, path: Path, good: bool, missing: dict[str, Any] | None = None
    ) -> None:
        if self.journal is not None and name != STANDARD:
            self.journal.end(name, path, good, missing)

    def tidy(self) -> None:
        """Remove what processes that were killed left unfinished where results went."""
        for folder in self._folders:
            sweep(Path(folder))

    def _done_by_another(self, item: Item, path: Path, record: Record) -> bool:
        """Whether a run beside this one has been faster."""
        if self.journal is None or not self.journal.resumes:
            return False
        self.journal.refresh()
        return self._done(item, path, record)

    def _done(self, item: Item, path: Path, record: Record) -> bool:
        self._folders.add(str(path.parent))
        if self.journal is None or not self.journal.done(item.name, path):
            return False
        self._taken[str(path)] = item.name
        record.output, record.skipped, record.resumed = str(path), True, True
        if (missing := self.journal.missing(item.name, path)) is not None:
            record.missing = missing.as_dict()
            record.notes.append(
                f"'{path}' is incomplete, as the file that it was made of: {missing}"
                f" (replace '{item.name}' by a whole copy, and --resume makes the result again)"
            )
        return True

    def _refuse(self, path: Path, record: Record) -> None:
        source = self._sources.get(_identity(str(path)) or (0, 0))
        if source is not None:
            own = source == record.input
            whose = "its own result" if own else f"the result of '{record.input}'"
            raise PictureError(
                f"'{source}' would be overwritten by {whose}", hint="choose another -o or --suffix"
            )
        if str(path) in self._taken:
            raise PictureError(
                f"'{path}' already holds the result of '{self._taken[str(path)]}'",
                hint="give them different output folders",
            )
        refuse_special(path)


def earlier_results(inputs: Iterable[str], settings: Settings) -> dict[str, str]:
    """Inputs that are results of other pictures beside them, and of which.

    A shell's ``*.jpg`` catches them the second time, a folder too. With ``skip_existing`` and no output
    elsewhere it is enough that the original is there; else it has to be an input too, or a result
    could never be an input.
    """
    if not settings.suffix:
        return {}
    named = {str(Path(name)) for name in inputs}
    beside: dict[Path, dict[str, list[Path]]] = {}
    found = {}
    for name in inputs:
        path = Path(name)
        stem = path.stem.removesuffix(settings.suffix)
        if stem in ("", path.stem):
            continue
        if path.parent not in beside:
            beside[path.parent] = _pictures(path.parent)
        for original in beside[path.parent].get(stem, []):
            beside_it = settings.skip_existing and settings.output is None
            if beside_it or str(original) in named:
                found[name] = str(original)
    return found


def _pictures(folder: Path) -> dict[str, list[Path]]:
    """Pictures in ``folder`` by their names without ending."""
    found: dict[str, list[Path]] = {}
    known = endings()
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):
            if Path(name).suffix.lower() in known:
                found.setdefault(Path(name).stem, []).append(folder / name)
    return found


def _identity(name: str) -> tuple[int, int] | None:
    """What two names of one file have in common."""
    try:
        status = os.stat(name)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _same(path: Path, name: str) -> bool:
    try:
        return path.samefile(name)
    except OSError:
        return False
