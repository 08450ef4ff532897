"""Artifacts and the manifest that vouches for them; the manifest is written last."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from colortk.io.files import rename_atomic, write_atomic
from colortk.io.regular_files import read_regular
from colortk.plugin.registry import DISTRIBUTION
from colortk.store.artifacts import MANIFEST
from colortk.training.data.split import Split
from colortk.training.identity import trainer_code
from colortk.training.request import TrainRequest

#: Folder inside the output of what does not count yet.
STAGING_FOLDER = ".unpublished"


def publish(
    request: TrainRequest, files: dict[str, bytes], packages: list[str], **facts: Any
) -> None:
    """Write ``files`` into the output folder, then a manifest with their SHA-256 and ``facts``.

    A manifest that is there already goes first: it does not vouch for the new files.
    """
    (request.output / MANIFEST).unlink(missing_ok=True)
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


def read_command(folder: Path) -> str:
    """The command line that the manifest in ``folder`` names; empty if it names none."""
    try:
        return str(json.loads(read_regular(folder / MANIFEST)).get("command", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def read_code_digest(folder: Path) -> str:
    """Digest of the code that made the weights in ``folder``; empty if their manifest has none."""
    try:
        return str(json.loads(read_regular(folder / MANIFEST)).get("code", ""))
    except (OSError, ValueError, AttributeError):
        return ""


@contextmanager
def staged_request(request: TrainRequest) -> Iterator[TrainRequest]:
    """A request that writes into a folder aside, for results that are scored before they count.

    Afterwards its files are moved to the output, the manifest last: whenever that is interrupted,
    the output holds all of them or no manifest. Nothing is moved after an error.
    """
    aside = request.output / STAGING_FOLDER
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield replace(request, output=aside)
        (request.output / MANIFEST).unlink(missing_ok=True)
        for path in sorted(aside.iterdir(), key=lambda path: path.name == MANIFEST):
            rename_atomic(path, request.output / path.name, force=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _versions(packages: list[str]) -> dict[str, str]:
    found = {}
    for name in [DISTRIBUTION, *packages]:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def describe_split(split: Split, root: Path) -> dict[str, Any]:
    """How many pictures of which folder were learned from and held out."""
    folders: dict[str, dict[str, int]] = {}
    for side, paths in (("train", split.train), ("held_out", split.held_out)):
        for path in paths:
            name = path.parent.relative_to(root).as_posix()
            row = folders.setdefault(name, {"train": 0, "held_out": 0})
            row[side] += 1
    return {"train": len(split.train), "held_out": len(split.held_out), "folders": folders}
