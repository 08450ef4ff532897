"""Find the versions of installed libraries by their import names."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

_INFO = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(?:-.*)?\.(?:dist-info|egg-info)")
#: Distributions with another name than their module. Others are found by their file lists.
_OTHER_NAMES = {
    "PIL": r"pillow(-simd)?",
    "cv2": r"opencv(-contrib)?-python(-headless)?",
    "onnxruntime": r"onnxruntime(-.+)?|ort-nightly.*",
    "sklearn": r"scikit-learn",
    "skimage": r"scikit-image",
}


def library_version(module: str, folder: Path | None) -> str:
    """Return name and version of the distribution that provides a top-level module.

    Only names of metadata folders and file lists are read. Nothing is imported.

    Parameters
    ----------
    module : str
        Name of a top-level module, such as "cv2".
    folder : Path or None
        Its folder, such as ``.../site-packages``; ``None`` if the module is not installed.

    Returns
    -------
    str
        For example "opencv-contrib-python 4.10.0.84", separated by commas if several distributions
        provide the module; otherwise "module absent" or "module unknown".
    """
    if folder is None:
        return f"{module} absent"
    installed = _installed(str(folder), _changed(folder))
    name = re.compile(_OTHER_NAMES.get(module, re.escape(_canonical(module))))
    matches = [f"{n} {version}" for n, version, _ in installed if name.fullmatch(n)]
    if not matches:
        matches = [
            f"{n} {version}"
            for n, version, info in installed
            if module in _top_level_modules(str(folder / info), _changed(folder / info))
        ]
    return ", ".join(sorted(matches)) or f"{module} unknown"


def _changed(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=16)
def _installed(folder: str, changed: int) -> tuple[tuple[str, str, str], ...]:
    """Return canonical name, version and metadata folder of each distribution in ``folder``."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    matches = (_INFO.fullmatch(name) for name in names)
    return tuple((_canonical(m["name"]), m["version"], m.string) for m in matches if m)


@lru_cache(maxsize=1024)
def _top_level_modules(info: str, mtime: int) -> frozenset[str]:
    """Return the top-level modules that a distribution lists."""
    try:
        names = Path(info, "top_level.txt").read_text("utf-8").split()
    except (OSError, ValueError):
        try:
            lines = Path(info, "RECORD").read_text("utf-8").splitlines()
        except (OSError, ValueError):
            return frozenset()
        names = [re.split(r"[/.,]", line, maxsplit=1)[0] for line in lines]
    return frozenset(names)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
