"""What a result depends on, as digests: a change of code must not bring up old results."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

#: The host's own way from a picture to its colours.
_HOST = (
    "_cv", "color", "images", "loading", "matrix_profile", "pipeline", "profiles", "refine",
    "upsample", "working", "harness/protocol",
)  # fmt: skip


@lru_cache(maxsize=256)
def code_digest(path: str) -> str:
    """SHA-256 over the Python files beside the module of ``"package.module:callable"``.

    A module that lies in no package stands for itself. Empty where there are no files.
    """
    module = path.partition(":")[0]
    try:
        found = importlib.util.find_spec(module)
    except Exception:  # finding a submodule imports its parents, which may do anything
        return ""
    if found is None or not found.origin:
        return ""
    origin = Path(found.origin)
    alone = "." not in module and not found.submodule_search_locations
    return _digest([origin] if alone else sorted(origin.parent.rglob("*.py")), origin.parent)


@lru_cache(maxsize=1)
def host_digest() -> str:
    """SHA-256 over the modules of colortk that every result goes through."""
    root = Path(__file__).resolve().parents[1]
    return _digest([root / f"{name}.py" for name in _HOST], root)


def _digest(paths: Iterable[Path], root: Path) -> str:
    total = hashlib.sha256()
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError:
            continue
        total.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()
