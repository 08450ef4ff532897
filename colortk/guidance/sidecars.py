"""Files beside a picture that hold a user's colors for it: ``--hints auto`` finds them.

For ``photo.jpg`` these are ``photo.hints.json`` (or ``photo.jpg.hints.json``) with hints, and
``photo_marked.png``, ``.bmp`` or ``.tif`` with strokes.
"""

from __future__ import annotations

from pathlib import Path

_HINTS = ("{stem}.hints.json", "{name}.hints.json")
_STROKES = ("{stem}_marked.png", "{stem}_marked.bmp", "{stem}_marked.tif")


def hints_sidecar(picture: Path) -> Path | None:
    """Return the file of hints beside a picture, or ``None``."""
    return _first(picture, _HINTS)


def strokes_sidecar(picture: Path) -> Path | None:
    """Return the picture with strokes beside a picture, or ``None``."""
    return _first(picture, _STROKES)


def is_strokes_sidecar(path: Path) -> bool:
    """Return whether a file is the picture with strokes of another picture beside it."""
    stem = path.stem
    if not stem.endswith("_marked") or path.suffix.lower() not in (".png", ".bmp", ".tif"):
        return False
    original = stem.removesuffix("_marked")
    if not original:
        return False
    return any(
        other.stem == original and other.suffix.lower() not in (".json", ".txt")
        for other in path.parent.glob(f"{_escaped(original)}.*")
        if other.is_file()
    )


def _escaped(text: str) -> str:
    from glob import escape

    return escape(text)


def _first(picture: Path, patterns: tuple[str, ...]) -> Path | None:
    for pattern in patterns:
        path = picture.parent / pattern.format(stem=picture.stem, name=picture.name)
        if path.is_file():
            return path
    return None
