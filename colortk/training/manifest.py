"""Publish artifacts with the manifest that holds their digests; it is written last."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from colortk.errors import ArtifactError
from colortk.io.files import rename_atomic, write_atomic
from colortk.io.regular_files import read_regular
from colortk.plugin.discover import DISTRIBUTION
from colortk.store.artifact_manifest import MANIFEST, listed_artifacts
from colortk.store.training_hashes import ENTRY, FILE, manifest_entry, packed_hashes
from colortk.training.data.packed import dataset_hashes, is_packed
from colortk.training.data.split import Split
from colortk.training.identity import trainer_code
from colortk.training.request import TrainRequest

#: Folder inside the output for files that are not published yet.
STAGING_FOLDER = ".unpublished"


def publish(
    request: TrainRequest, files: dict[str, bytes], packages: list[str], **facts: Any
) -> None:
    """Write ``files`` into the output folder, then the manifest.

    An existing manifest is removed first, because it describes the old files.

    Parameters
    ----------
    request : TrainRequest
        ``output`` is the folder, ``command`` and ``plugin`` are recorded.
    files : dict
        Content by file name.
    packages : list of str
        Distributions whose versions are recorded.
    **facts
        JSON values that the manifest records too.
    """
    (request.output / MANIFEST).unlink(missing_ok=True)
    facts |= _training_hashes(request)
    rows = {}
    for name, content in files.items():
        write_atomic(request.output / name, content, force=True)
        rows[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    manifest = {
        "artifacts": rows,
        "command": request.command,
        "code": trainer_code(request.plugin),
        "versions": {"python": platform.python_version(), **_versions(packages)},
        **facts,
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False) + "\n"
    write_atomic(request.output / MANIFEST, text.encode(), force=True)


def _training_hashes(request: TrainRequest) -> dict[str, Any]:
    """Write the hashes of a packed dataset beside the weights; return the manifest's entry.

    Held-out pictures count, too, because they choose the epoch. A folder of files has no hashes:
    ``colortk datasets hashes`` computes them.
    """
    (request.output / FILE).unlink(missing_ok=True)
    if not is_packed(request.data):
        return {}
    content = packed_hashes(dataset_hashes(request.data))
    write_atomic(request.output / FILE, content, force=True)
    begins_elsewhere = bool(
        request.init_from or request.teacher or getattr(request.options, "encoder_weights", "")
    )
    return {ENTRY: manifest_entry(content, not begins_elsewhere)}


def record_hashes(folder: Path, values: Iterable[int], complete: bool) -> int:
    """Add hashes of training pictures to weights in ``folder``; return their number.

    Raises
    ------
    ArtifactError
        If the folder has no manifest, or a damaged one.
    """
    try:
        text = read_regular(folder / MANIFEST)
    except OSError as error:
        raise ArtifactError(
            f"no weights in '{folder}'",
            f"its {MANIFEST} cannot be read",
            "use a folder that colortk fit wrote",
        ) from error
    listed_artifacts(text, str(folder))
    content = packed_hashes(values)
    entry = manifest_entry(content, complete)
    manifest = json.loads(text) | {ENTRY: entry}
    new_text = json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False) + "\n"
    write_atomic(folder / FILE, content, force=True)
    write_atomic(folder / MANIFEST, new_text.encode(), force=True)
    return int(entry["pictures"])


def read_command(folder: Path) -> str:
    """Return the command line in the manifest of ``folder``; empty if there is none."""
    try:
        return str(json.loads(read_regular(folder / MANIFEST)).get("command", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def read_code_digest(folder: Path) -> str:
    """Return the digest of the training code in the manifest of ``folder``, or an empty string."""
    try:
        return str(json.loads(read_regular(folder / MANIFEST)).get("code", ""))
    except (OSError, ValueError, AttributeError):
        return ""


@contextmanager
def staged_request(request: TrainRequest) -> Iterator[TrainRequest]:
    """Return a context with a request that writes into a temporary folder inside the output.

    At the end of the context the files are moved to the output, the manifest last. If that is
    interrupted, the output has all files or no manifest. After an error nothing is moved.

    Parameters
    ----------
    request : TrainRequest
        The training; its ``output`` receives the files.

    Yields
    ------
    TrainRequest
        The same request with the temporary folder as ``output``.
    """
    staging = request.output / STAGING_FOLDER
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        yield replace(request, output=staging)
        (request.output / MANIFEST).unlink(missing_ok=True)
        for path in sorted(staging.iterdir(), key=lambda path: path.name == MANIFEST):
            rename_atomic(path, request.output / path.name, force=True)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _versions(packages: list[str]) -> dict[str, str]:
    versions = {}
    for name in [DISTRIBUTION, *packages]:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def describe_split(split: Split, root: Path) -> dict[str, Any]:
    """Count the pictures of each folder, for training and held out.

    Parameters
    ----------
    split : Split
        The pictures.
    root : Path
        Folder that the names are relative to.

    Returns
    -------
    dict
        ``train`` and ``held_out`` (int), and ``folders``: the same two counts by folder.
    """
    folders: dict[str, dict[str, int]] = {}
    for side, paths in (("train", split.train), ("held_out", split.held_out)):
        for path in paths:
            name = path.parent.relative_to(root).as_posix()
            row = folders.setdefault(name, {"train": 0, "held_out": 0})
            row[side] += 1
    return {"train": len(split.train), "held_out": len(split.held_out), "folders": folders}
