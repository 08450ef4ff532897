"""Colorize many pictures of a visitor one after another, into one ZIP file."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from colortk.errors import ColortkError, PictureError
from colortk.ui.limits import MEGABYTE, Limits
from colortk.ui.picture_conversion import UploadOptions, colorize_picture
from colortk.ui.pooled_plugin import PluginWithOptions, PooledPlugin

#: Names of the ZIP file, and of the list of failures in it.
ZIP_NAME, FAILURES_NAME = "colorized.zip", "failed.txt"
#: Bytes of the disk that a batch leaves free.
FREE_BYTES = 100 * MEGABYTE


class BatchStopped(Exception):
    """The visitor has stopped the batch or left, or the page ends."""


@dataclass
class BatchResult:
    """The result of a batch.

    Parameters
    ----------
    file : Path
        The ZIP file, with the pictures that were colorized.
    total, done : int
        Pictures of the batch, and pictures that were colorized.
    failures : list of (str, str)
        Name of each picture that failed, and why.
    stopped : bool
        Whether it ended early.
    """

    file: Path
    total: int
    done: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    stopped: bool = False


def colorize_batch(
    paths: Sequence[Path],
    plugin: PooledPlugin | PluginWithOptions,
    options: UploadOptions,
    limits: Limits,
    folder: Path,
    advance: Callable[[int, str], None],
    describe: Callable[[ColortkError], str] = str,
) -> BatchResult:
    """Colorize pictures. Only one of them is in memory at a time.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    plugin : PooledPlugin
        The colorizer.
    options : UploadOptions
        Settings of all pictures.
    limits : Limits
        Limits of the page.
    folder : Path
        Where the ZIP file is written.
    advance : callable
        Called before each picture with the number of pictures before it, and its name. It may raise
        :class:`BatchStopped`.
    describe : callable
        Returns the text for an error.

    Returns
    -------
    BatchResult
        A picture that fails is listed, and the others go on.
    """
    result = BatchResult(folder / ZIP_NAME, len(paths))
    names: set[str] = set()
    pixels = written = 0
    work = folder / "picture"
    # The pictures are compressed already.
    with zipfile.ZipFile(result.file, "w", zipfile.ZIP_STORED) as archive:
        for number, path in enumerate(paths):
            try:
                advance(number, path.name)
                if pixels >= limits.batch_pixels:
                    raise _too_many_pixels(path, limits)
                work.mkdir()
                made = colorize_picture(path, path.name, plugin, options, limits, work)
                size = made.file.stat().st_size
                _check_space(made.file, size, written, limits)
                archive.write(made.file, _unique(made.file, names))
                written += size
                result.done += 1
                pixels += made.width * made.height
            except BatchStopped:
                result.stopped = True
                break
            except ColortkError as error:
                result.failures.append((path.name, describe(error)))
            except MemoryError:
                result.failures.append((path.name, "There is not enough memory"))
            finally:
                shutil.rmtree(work, ignore_errors=True)
        if result.failures:
            lines = (f"{name}: {reason}\n" for name, reason in result.failures)
            archive.writestr(FAILURES_NAME, "".join(lines))
    return result


def _check_space(file: Path, size: int, written: int, limits: Limits) -> None:
    """Raise ``PictureError`` if a result does not fit: a half-written ZIP file would lose all."""
    if written + size > limits.batch_results:
        megabytes = limits.batch_results // MEGABYTE
        reason = f"a batch has at most {megabytes:,} MB of results"
    elif shutil.disk_usage(file.parent).free < size + FREE_BYTES:
        reason = "the disk of the server is full"
    else:
        return
    raise PictureError(
        f"'{file.name}' was left out", reason, "download the others, then start another batch"
    )


def _too_many_pixels(path: Path, limits: Limits) -> PictureError:
    return PictureError(
        f"'{path.name}' was left out",
        f"the pictures before it have {limits.batch_pixels:,} pixels, the limit of a batch",
        "colorize it in another batch",
    )


def _unique(file: Path, names: set[str]) -> str:
    """Return the name of a result that no result before it has, in upper or lower case."""
    name, number = file.name, 1
    while name.casefold() in names:
        number += 1
        name = f"{file.stem} ({number}){file.suffix}"
    names.add(name.casefold())
    return name
