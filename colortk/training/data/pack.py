"""Pack folders of pictures into a dataset that trainings read without decoding."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from colortk._opencv import cv2
from colortk.color.cielab import rgb_to_lab
from colortk.errors import PictureError, UsageError
from colortk.io.decode import read_bytes
from colortk.io.difference_hash import HashIndex, difference_hash
from colortk.io.discovery import find_pictures
from colortk.io.files import temporary_file, write_atomic
from colortk.runtime.progress import Progress, silent
from colortk.training.data.packed import DESCRIPTION, KIND, VERSION, read_description, read_folder
from colortk.training.data.source import decode_rgb8, shrink
from colortk.types import Array

#: Bits in which the hashes of near-duplicates differ at most.
NEAR_BITS = 2
#: Mean chroma (CIELAB) under which a picture counts as gray and teaches no colors.
GRAY_CHROMA = 2.0
#: Side of the thumbnail that the chroma is measured on.
THUMBNAIL = 64


@dataclass(frozen=True)
class PackRequest:
    """Input, output and settings for packing a dataset.

    Parameters
    ----------
    data
        Folder of pictures; its subfolders become the source folders of the dataset.
    output
        Folder of the dataset.
    short_side
        Pixels that the short side of a picture is reduced to.
    terms
        Origin and terms of use, by source folder.
    exclude
        Hashes of pictures that must not be in the dataset (test pictures).
    resume
        Keep the source folders that an earlier run has finished.
    jobs
        Threads that decode.
    print_message
        Prints one line.
    """

    data: Path
    output: Path
    short_side: int = 160
    terms: Mapping[str, str] = field(default_factory=dict)
    exclude: frozenset[int] = frozenset()
    resume: bool = False
    jobs: int = 2
    print_message: Callable[[str], None] = print
    progress: Progress = field(default=silent)


def pack(request: PackRequest) -> dict[str, Any]:
    """Write the dataset and return its description, the content of ``dataset.json``.

    Near-duplicates, gray pictures, unreadable files and pictures near an excluded hash are left
    out and counted. Folders are packed in the order of their names, and of two near-duplicates
    the first is kept. The description is rewritten after each folder, so that a stopped run can
    be resumed.

    Raises
    ------
    UsageError
        There are no pictures, ``terms`` names a folder that is not there, or the output holds a
        dataset of other settings.
    """
    root = request.data
    folders: dict[str, list[Path]] = {}
    output = request.output.resolve()
    for path in find_pictures(root):
        if output not in Path(os.path.realpath(path)).parents:
            folders.setdefault(path.parent.relative_to(root).as_posix(), []).append(path)
    for name in request.terms:
        if name not in folders:
            raise UsageError(
                f"no folder '{name}' with pictures in '{root}'", "the file of --terms names it"
            )
    rows = _finished_folders(request)
    packed_hashes, excluded_hashes = HashIndex(NEAR_BITS), HashIndex(NEAR_BITS)
    for value in request.exclude:
        excluded_hashes.add(value)
    for row in rows:
        for value in read_folder(request.output, row).hashes:
            packed_hashes.add(int(value))
    finished_folders = {str(row["name"]) for row in rows}
    request.output.mkdir(parents=True, exist_ok=True)
    with request.progress("packing pictures", sum(map(len, folders.values()))) as advance:
        for name, paths in folders.items():
            if name in finished_folders:
                advance(len(paths))
                continue
            rows.append(
                _pack_folder(
                    request, name, len(rows), paths, (packed_hashes, excluded_hashes), advance
                )
            )
            _write_description(request, rows)
    return _write_description(request, rows)


def _finished_folders(request: PackRequest) -> list[dict[str, Any]]:
    if not (request.output / DESCRIPTION).exists():
        return []
    if not request.resume:
        raise UsageError(
            f"'{request.output}' already holds a dataset", hint="use --resume, or another --output"
        )
    description = read_description(request.output)
    if description["short_side"] != request.short_side:
        raise UsageError(
            f"'{request.output}' has a short side of {description['short_side']} pixels",
            f"--short-side is {request.short_side}",
            "use another --output",
        )
    rows: list[dict[str, Any]] = description["folders"]
    return rows


def _pack_folder(
    request: PackRequest,
    name: str,
    number: int,
    paths: list[Path],
    indices: tuple[HashIndex, HashIndex],
    advance: Callable[[int], None],
) -> dict[str, Any]:
    packed_hashes, excluded_hashes = indices
    dropped: Counter[str] = Counter()
    names, shapes, hashes = [], [], []
    stem = f"{number:03d}"
    target = request.output / f"{stem}.pixels"
    with (
        temporary_file(target, force=True) as temporary,
        temporary.open("wb") as file,
        ThreadPoolExecutor(max(1, request.jobs)) as pool,
    ):
        for path, pixels in zip(paths, _decoded(request, paths, pool), strict=True):
            advance(1)
            if isinstance(pixels, PictureError):
                dropped["unreadable"] += 1
                request.print_message(f"left out: {pixels}")
                continue
            value = difference_hash(pixels)
            reason = _reason(pixels, value, packed_hashes, excluded_hashes)
            if reason:
                dropped[reason] += 1
                continue
            packed_hashes.add(value)
            names.append(path.name)
            shapes.append(pixels.shape[:2])
            hashes.append(value)
            file.write(pixels.tobytes())
    sizes = [3 * height * width for height, width in shapes]
    content = io.BytesIO()
    np.savez(
        content,
        names=np.array(names or [], dtype=np.str_),
        offsets=np.cumsum([0, *sizes], dtype=np.int64)[: len(sizes)],
        shapes=np.array(shapes, np.int32).reshape(-1, 2),
        hashes=np.array(hashes, np.uint64),
    )
    write_atomic(request.output / f"{stem}.npz", content.getvalue(), force=True)
    return {
        "name": name,
        "file": stem,
        "pictures": len(names),
        "bytes": sum(sizes),
        "terms": request.terms.get(name, "not stated"),
        "dropped": dict(dropped),
    }


def _decoded(
    request: PackRequest, paths: list[Path], pool: ThreadPoolExecutor
) -> Iterator[Array | PictureError]:
    """Decode in the order of ``paths``, a few pictures ahead of the reader."""

    def work(path: Path) -> Array | PictureError:
        try:
            return shrink(decode_rgb8(read_bytes(path), str(path)), request.short_side)
        except PictureError as error:
            return error

    ahead = 8 * max(1, request.jobs)
    for start in range(0, len(paths), ahead):
        yield from pool.map(work, paths[start : start + ahead])


def _reason(pixels: Array, value: int, packed_hashes: HashIndex, excluded_hashes: HashIndex) -> str:
    """Why a picture is left out; empty if it is kept."""
    if value in excluded_hashes:
        return "excluded"
    if value in packed_hashes:
        return "near-duplicate"
    small = cv2.resize(pixels, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    chroma = np.linalg.norm(rgb_to_lab(small)[..., 1:], axis=-1).mean()
    return "gray" if chroma < GRAY_CHROMA else ""


def _write_description(request: PackRequest, rows: list[dict[str, Any]]) -> dict[str, Any]:
    description = {
        "kind": KIND,
        "version": VERSION,
        "short_side": request.short_side,
        "pictures": sum(row["pictures"] for row in rows),
        "bytes": sum(row["bytes"] for row in rows),
        "folders": rows,
    }
    text = json.dumps(description, indent=1, sort_keys=True) + "\n"
    write_atomic(request.output / DESCRIPTION, text.encode(), force=True)
    return description
