"""Automatic image colorization: run any colorizer, score all of them in the same way.

Functions for scripts and notebooks:

- :func:`colorize`: a picture (path, bytes, file object, array, PIL image)
- :func:`colorize_video`: a film
- :func:`compare`: score plugins on color pictures
- :func:`colortk.metrics.score`: score one result
- :func:`list_plugins`: what is installed

Errors are in :mod:`colortk.errors`; what plugin authors need is in :mod:`colortk.plugin`.
"""

import os
from typing import TYPE_CHECKING, Any

from colortk import errors
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

# From version 1.31 on, ONNX Runtime writes an identifier of the machine into the temporary folder
# when it is imported, and reports every session to its makers. Users did not agree to that.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from colortk import metrics
    from colortk.api.film import colorize_video
    from colortk.api.picture import colorize
    from colortk.api.plugins import list_plugins
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
    "colorize_video",
    "compare",
    "errors",
    "hookimpl",
    "list_plugins",
    "metrics",
]

#: Imported when it is first used: a plugin's declaration needs no NumPy.
_LAZY = {
    "colorize": "colortk.api.picture:colorize",
    "colorize_video": "colortk.api.film:colorize_video",
    "compare": "colortk.harness.compare:compare",
    "list_plugins": "colortk.api.plugins:list_plugins",
    "metrics": "colortk.metrics",
}


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        from colortk.plugin.registry import DISTRIBUTION

        return version(DISTRIBUTION)
    if name not in _LAZY:
        raise AttributeError(f"module 'colortk' has no attribute {name!r}")
    module_name, _, attribute = _LAZY[name].partition(":")
    module = import_module(module_name)
    return getattr(module, attribute) if attribute else module
