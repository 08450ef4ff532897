"""Many pictures: which file becomes which, and one record for each, good or bad."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from colortk.color import lightness
from colortk.encode import (
    FORMATS,
    encode,
    exists,
    extension_of,
    known_format,
    suggest_extension,
    write_whole,
)
from colortk.errors import ColortkError, PictureError, UsageError
from colortk.folders import endings
from colortk.host import strict
from colortk.images import MAX_PIXELS, decode, read_bytes
from colortk.loading import Predictor
from colortk.pipeline import Refiner, colorize

STANDARD = "-"


@dataclass(frozen=True)
class Settings:
    """What ``run`` does with every picture."""

    output: Path | None = None
    suffix: str = "-colorized"
    extension: str | None = None
    strength: float = 1.0
    force: bool = False
    skip_existing: bool = False
    max_pixels: int = MAX_PIXELS
    intermediates: Path | None = None


@dataclass
class Record:
    """What became of one picture; ``--json`` prints it.

    ``result_of``: the input is itself an earlier result, of this one, and was left alone.
    """

    input: str
    output: str | None
    plugin: str
    width: int | None = None
    height: int | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    skipped: bool = False
    result_of: str | None = None
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As JSON wants it."""
        row = asdict(self)
        row["seconds"] = {stage: round(value, 4) for stage, value in self.seconds.items()}
        return row


def check(settings: Settings, inputs: list[str]) -> None:
    """Refuse what no picture could survive. Raises ``UsageError``."""
    if settings.extension is not None:
        known_format(settings.extension)
    if "/" in settings.suffix or os.sep in settings.suffix:
        raise UsageError(f"--suffix {settings.suffix}", "a suffix has no folder in it", "use -o")
    if settings.force and settings.skip_existing:
        raise UsageError("--force overwrites what --skip-existing leaves", do="leave one out")
    output = settings.output
    if inputs.count(STANDARD) > 1:
        raise UsageError("standard input was named more than once")
    if output is None or str(output) == STANDARD:
        if output is not None and len(inputs) > 1:
            raise UsageError("-o - takes one picture", f"{len(inputs)} were given")
        return
    if output.is_dir():
        return
    if len(inputs) > 1:
        why = "it is a file" if output.exists() else "it does not exist"
        raise UsageError(
            f"-o '{output}' must be a folder for {len(inputs)} pictures", why, "create it first"
        )
    if not output.suffix and settings.extension is None:
        raise UsageError(
            f"-o '{output}'",
            "it is no folder, and no file type follows from its name",
            "create the folder, or add .png",
        )
    if output.suffix:
        named = known_format(extension_of(output))
        if settings.extension is not None and known_format(settings.extension) != named:
            raise UsageError(f"-o '{output}' and --ext {settings.extension} do not agree")


def target(name: str, settings: Settings, suggested: str) -> Path | None:
    """Where the result of the input ``name`` goes; ``None`` is standard output."""
    extension = settings.extension or suggested
    output = settings.output
    if output is not None and str(output) == STANDARD:
        return None
    if name == STANDARD:
        if output is None:
            return None
        return output / f"stdin{settings.suffix}.{extension}" if output.is_dir() else output
    source = Path(name)
    if output is None:
        return source.with_name(f"{source.stem}{settings.suffix}.{extension}")
    if output.is_dir():
        return output / f"{source.stem}.{extension}"
    return output


def earlier_results(inputs: list[str], settings: Settings) -> dict[str, str]:
    """Inputs that are results of other pictures beside them, and of which.

    A shell's ``*.jpg`` catches them the second time. With ``skip_existing`` it is enough that the
    original is there; else it has to be an input too, or a result could never be an input.
    """
    if settings.output is not None or not settings.suffix:
        return {}
    named = {Path(name) for name in inputs}
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
            if settings.skip_existing or original in named:
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


def colorize_files(
    inputs: list[str], predictor: Predictor, refine: Refiner, settings: Settings
) -> Iterator[Record]:
    """One record a picture, in order; a picture that fails does not stop the others.

    Two inputs that would go to one output are refused at the second. Loading and artifact
    errors are not the picture's and pass through.
    """
    taken: dict[Path, str] = {}
    results = earlier_results(inputs, settings)
    sources = {
        identity: name
        for name in inputs
        if name not in results and (identity := _identity(name)) is not None
    }
    for name in inputs:
        record = Record(name, None, predictor.spec.name, result_of=results.get(name))
        if record.result_of is not None:
            record.skipped = True
            yield record
            continue
        start = time.perf_counter()
        try:
            _one(name, record, predictor, refine, settings, taken, sources)
        except PictureError as error:
            record.error = str(error)
        except MemoryError:
            record.error = f"cannot colorize '{name}': not enough memory"
        except OSError as error:
            record.error = f"cannot colorize '{name}': {error.strerror or error}"
        except ColortkError:
            raise
        except Exception as error:  # a bug, but the other pictures should not pay for it
            if strict():
                raise
            text = " ".join(str(error).split())
            record.error = (
                f"cannot colorize '{name}': {type(error).__name__}: {text} (please report it)"
            )
        record.seconds["total"] = time.perf_counter() - start
        yield record


def _one(
    name: str,
    record: Record,
    predictor: Predictor,
    refine: Refiner,
    settings: Settings,
    taken: dict[Path, str],
    sources: dict[tuple[int, int], str],
) -> None:
    clock = time.perf_counter
    if settings.skip_existing and name != STANDARD:
        # The extension may depend on the file's content: what its name says is looked for.
        likely = extension_of(name) if FORMATS.get(extension_of(name), "PPM") != "PPM" else "png"
        early = target(name, settings, likely)
        if early is not None and early not in taken and early.exists() and not _same(early, name):
            taken[early] = name
            record.output, record.skipped = str(early), True
            return
    start = clock()
    data = _standard_input() if name == STANDARD else read_bytes(Path(name))
    picture = decode(data, name, settings.max_pixels)
    del data
    record.height, record.width = picture.pixels.shape[:2]
    wide = picture.pixels.dtype == np.uint16
    light = lightness(picture.pixels)
    picture.pixels = np.empty(0, picture.pixels.dtype)  # its colours are not needed any more
    record.seconds["read"] = clock() - start

    path = target(name, settings, suggest_extension(picture))
    record.output = STANDARD if path is None else str(path)
    if path is not None:
        _refuse(path, settings, record, taken, sources)
        if record.skipped:
            return
    result = colorize(light, predictor, refine, settings.strength, np.uint16 if wide else np.uint8)
    record.seconds |= result.seconds
    start = clock()
    extension = settings.extension or (extension_of(path) if path else suggest_extension(picture))
    notes = picture.notes
    data = encode(result.rgb, picture, extension, notes)
    if path is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_whole(path, data, settings.force)
        taken[path] = name
    record.seconds["write"] = clock() - start
    record.notes = notes
    if settings.intermediates is not None:
        from colortk.store.pickles import PickleStore

        PickleStore(settings.intermediates).keep_prediction(
            name, predictor.spec.name, result.ab[..., 0], result.ab[..., 1]
        )


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise PictureError("cannot read standard input", "it is closed")
    return sys.stdin.buffer.read()


def _identity(name: str) -> tuple[int, int] | None:
    """What two names of one file have in common."""
    try:
        status = os.stat(name)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _refuse(
    path: Path,
    settings: Settings,
    record: Record,
    taken: dict[Path, str],
    sources: dict[tuple[int, int], str],
) -> None:
    source = sources.get(_identity(str(path)) or (0, 0))
    if source is not None:
        whose = "its own result" if source == record.input else f"the result of '{record.input}'"
        raise PictureError(
            f"'{source}' would be overwritten by {whose}", do="choose another -o or --suffix"
        )
    if path in taken:
        raise PictureError(
            f"'{path}' already holds the result of '{taken[path]}'",
            do="give them different output folders",
        )
    if path.is_dir():
        raise PictureError(f"cannot write '{path}'", "it is a directory")
    if path.exists() and not path.is_file():
        raise PictureError(f"cannot write '{path}'", "it is no regular file")
    if path.exists() and not settings.force:
        if not settings.skip_existing:
            raise exists(path)
        record.skipped = True


def _same(path: Path, name: str) -> bool:
    try:
        return path.samefile(name)
    except OSError:
        return False


def failures(records: list[Record]) -> list[Record]:
    """The records that failed."""
    return [record for record in records if record.error]
