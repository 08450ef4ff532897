"""Artifacts and the manifest that vouches for them; the manifest is written last."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from colortk.encode import write_whole
from colortk.host import DISTRIBUTION
from colortk.store.artifacts import MANIFEST
from colortk.training.pictures import Split
from colortk.training.request import TrainRequest


def publish(
    request: TrainRequest, files: dict[str, bytes], packages: list[str], **facts: Any
) -> None:
    """Write ``files`` into the output folder, then a manifest with their SHA-256 and ``facts``."""
    rows = {}
    for name, content in files.items():
        write_whole(request.output / name, content, force=True)
        rows[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    manifest = {
        "artifacts": rows,
        "command": request.command,
        "versions": {"python": platform.python_version(), **_versions(packages)},
        **facts,
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False) + "\n"
    write_whole(request.output / MANIFEST, text.encode(), force=True)


def _versions(packages: list[str]) -> dict[str, str]:
    found = {}
    for name in [DISTRIBUTION, *packages]:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def describe(split: Split, root: Path) -> dict[str, Any]:
    """How many pictures of which folder were learnt from and held out."""
    folders: dict[str, dict[str, int]] = {}
    for side, paths in (("train", split.train), ("held_out", split.held_out)):
        for path in paths:
            name = path.parent.relative_to(root).as_posix()
            row = folders.setdefault(name, {"train": 0, "held_out": 0})
            row[side] += 1
    return {"train": len(split.train), "held_out": len(split.held_out), "folders": folders}
