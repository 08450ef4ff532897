"""Packages of npm that tests use if they are installed: in ``node_modules`` or ``NODE_PATH``."""

from __future__ import annotations

import os
from pathlib import Path

from conftest import ROOT


def node_package(name: str) -> Path | None:
    """Return the folder of a package, or ``None``."""
    folders = [ROOT / "node_modules", *map(Path, os.environ.get("NODE_PATH", "").split(os.pathsep))]
    found = (folder / name for folder in folders if (folder / name / "package.json").is_file())
    return next(found, None)
