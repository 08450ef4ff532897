"""Find sample photographs in installed packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from colortk.errors import EnvironmentProblem

#: The color photographs in scikit-image's data folder.
_SCIKIT_IMAGE = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


def photographs() -> dict[str, Path]:
    """Return the photographs of scikit-learn by name, without importing it.

    Raises
    ------
    EnvironmentProblem
        If there are none.
    """
    paths = {
        path.name: path
        for folder in _package_folders("sklearn")
        for path in sorted((folder / "datasets" / "images").glob("*.jpg"))
    }
    if not paths:
        raise EnvironmentProblem(
            "no sample photographs",
            "scikit-learn is not installed correctly",
            "pip install scikit-learn",
        )
    return paths


def everything() -> dict[str, Path]:
    """Return the photographs of scikit-learn, and of scikit-image if it is installed, by name."""
    optional = {
        name: folder / "data" / name
        for folder in _package_folders("skimage")
        for name in _SCIKIT_IMAGE
        if (folder / "data" / name).is_file()
    }
    return photographs() | optional


def _package_folders(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    return [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
