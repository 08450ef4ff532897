"""Automatic image colorization: run any colorizer, score every one the same way.

``colorize(image, plugin)`` and ``compare(images, plugins)`` are the command's verbs for scripts;
``colortk.metrics.score(pred, truth)`` is any score of two arrays.
"""

import os
from typing import TYPE_CHECKING, Any

from colortk.plugin.hookspecs import hookimpl
from colortk.plugin.spec import (
    API_VERSION,
    Artifact,
    ColorizerSpec,
    MetricSpec,
    RefinerSpec,
    Requirement,
    WorkingSize,
)

# From 1.31 on ONNX Runtime writes an identifier of the machine to the temporary folder as soon as it
# is imported, and tells its makers of every session. Nobody asked for that here.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from colortk.api import colorize
    from colortk.harness.compare import compare

__all__ = [
    "API_VERSION",
    "Artifact",
    "ColorizerSpec",
    "MetricSpec",
    "RefinerSpec",
    "Requirement",
    "WorkingSize",
    "colorize",
    "compare",
    "hookimpl",
]

#: Imported when first used: a plugin's declaration needs no NumPy.
_LAZY = {
    "colorize": "colortk.api:colorize",
    "compare": "colortk.harness.compare:compare",
    "metrics": "colortk.metrics",
}


def __dir__() -> list[str]:
    return sorted([*__all__, "metrics"])


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        from colortk.plugin.registry import DISTRIBUTION

        return version(DISTRIBUTION)
    if name not in _LAZY:
        raise AttributeError(f"module 'colortk' has no attribute {name!r}")
    module, _, attribute = _LAZY[name].partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found
