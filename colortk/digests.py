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
    "serving", "upsample", "working", "harness/protocol",
)  # fmt: skip
#: What counts as code: a manifest stands for the trained files that it vouches for.
_CODE = ("*.py", "manifest.json")
_ROOT = Path(__file__).resolve().parent
_METRICS = "colortk.harness.metrics."
#: Our metric of films, by its module, and what it is computed with.
_FLICKER = ("colortk.harness.flicker", ("flow", "harness/flicker"))
#: What a film's frames go through besides, and what is measured of them.
_FILM = (
    "flow", "video/colorize", "video/luma", "video/reading", "video/temporal",
    "harness/films/frame", "harness/films/reel", "harness/films/scores", "harness/films/work",
)  # fmt: skip


def code_digest(path: str) -> str:
    """SHA-256 (hex) over the code of the package that holds ``"package.module:callable"``.

    The package is the top-level one, except that every built-in plugin stands for itself, and our
    metrics for what is theirs. A module in no package stands for itself. Empty where there are
    no files.
    """
    module = path.partition(":")[0]
    if module.startswith(_METRICS):
        harness = _ROOT / "harness"
        return _digest(_files(harness / "metrics", harness / "lpips"), _ROOT)
    if module == _FLICKER[0]:
        return _digest([_ROOT / f"{name}.py" for name in _FLICKER[1]], _ROOT)
    parts = module.split(".")
    package = ".".join(parts[:2] if parts[0] == "colortk_plugins" else parts[:1])
    try:
        found = importlib.util.find_spec(package)
    except Exception:  # finding a submodule imports its parents, which may do anything
        return ""
    if found is None:
        return ""
    folders = [Path(place) for place in found.submodule_search_locations or ()]
    if folders:
        return _digest(_files(*folders), folders[0])
    return _digest([Path(found.origin)], Path(found.origin).parent) if found.origin else ""


def host_digest() -> str:
    """SHA-256 (hex) over the modules of colortk that every result goes through."""
    return _digest([_ROOT / f"{name}.py" for name in _HOST], _ROOT)


def film_digest() -> str:
    """SHA-256 (hex) over the modules that a film's results go through besides those of a picture."""
    return _digest([_ROOT / f"{name}.py" for name in _FILM], _ROOT)


@lru_cache(maxsize=256)
def running_digest(path: str) -> str:
    """The digest of the host and of ``path`` (may be empty) when this process first used it.

    What runs is what was imported then, whatever the files hold by now.
    """
    return combined(path)


def combined(path: str) -> str:
    """The digest of the host and of ``path`` (may be empty) as they are now."""
    return host_digest()[:16] + (code_digest(path)[:16] if path else "")


def _files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for form in _CODE for path in folder.rglob(form))


def _digest(paths: Iterable[Path], root: Path) -> str:
    total = hashlib.sha256()
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError:
            continue
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        total.update(f"{name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()
