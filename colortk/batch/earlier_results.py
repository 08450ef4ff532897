"""Inputs that are results of earlier runs, so that ``*.jpg`` can be given twice."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from colortk.batch.options import BatchOptions
from colortk.io.discovery import endings

#: Number of one of several versions, at the end of a name.
_NUMBER = re.compile(r"-[1-9]\d?$")


def earlier_results(inputs: Iterable[str], options: BatchOptions) -> dict[str, str]:
    """Return the inputs that are results of other pictures in their folder, with these pictures.

    A picture is a result if its name is the name of another picture plus the suffix, and plus a
    number such as "-2" if it is one of several versions. The other
    picture must be an input too; otherwise a picture with such a name could never be colorized.
    With ``skip_existing`` and no output elsewhere, it is enough that the other picture exists.

    Parameters
    ----------
    inputs : iterable of str
        Names of pictures.
    options : BatchOptions

    Returns
    -------
    dict of str to str
        The original picture by the name of its result.
    """
    if not options.suffix:
        return {}
    names = {str(Path(name)) for name in inputs}
    pictures_by_folder: dict[Path, dict[str, list[Path]]] = {}
    originals = {}
    for name in inputs:
        path = Path(name)
        base = path.stem if path.stem.endswith(options.suffix) else _NUMBER.sub("", path.stem)
        stem = base.removesuffix(options.suffix)
        if stem in ("", base):
            continue
        if path.parent not in pictures_by_folder:
            pictures_by_folder[path.parent] = _pictures_by_stem(path.parent)
        for original in pictures_by_folder[path.parent].get(stem, []):
            existing_counts = options.skip_existing and options.output is None
            if existing_counts or str(original) in names:
                originals[name] = str(original)
    return originals


def _pictures_by_stem(folder: Path) -> dict[str, list[Path]]:
    """Return the pictures in ``folder`` by their names without extension."""
    pictures: dict[str, list[Path]] = {}
    extensions = endings()
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):
            if Path(name).suffix.lower() in extensions:
                pictures.setdefault(Path(name).stem, []).append(folder / name)
    return pictures
