"""Photographs that are already on the machine, in installed packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from colortk.errors import EnvironmentProblem

#: Colour photographs of scikit-image's data folder; the rest of it is grey, or no photograph.
_SCIKIT_IMAGE = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


def photographs() -> dict[str, Path]:
    """Those of scikit-learn by name, without importing it. Raises ``EnvironmentProblem``."""
    paths = {
        path.name: path
        for place in _places("sklearn")
        for path in sorted((place / "datasets" / "images").glob("*.jpg"))
    }
    if not paths:
        raise EnvironmentProblem(
            "no sample photographs",
            "scikit-learn is not installed as it should be",
            "pip install scikit-learn",
        )
    return paths


def everything() -> dict[str, Path]:
    """Those of scikit-learn, and of scikit-image where it is installed."""
    more = {
        name: place / "data" / name
        for place in _places("skimage")
        for name in _SCIKIT_IMAGE
        if (place / "data" / name).is_file()
    }
    return photographs() | more


def _places(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
