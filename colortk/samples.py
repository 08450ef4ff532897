"""Photographs that are already on the machine: those that scikit-learn ships."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from colortk.errors import EnvironmentProblem


def photographs() -> dict[str, Path]:
    """Their files by name, without importing scikit-learn. Raises ``EnvironmentProblem``."""
    spec = importlib.util.find_spec("sklearn")
    places = list(spec.submodule_search_locations or []) if spec else []
    found = {
        path.name: path
        for place in places
        for path in sorted((Path(place) / "datasets" / "images").glob("*.jpg"))
    }
    if not found:
        raise EnvironmentProblem(
            "no sample photographs",
            "scikit-learn is not installed as it should be",
            "pip install scikit-learn",
        )
    return found
