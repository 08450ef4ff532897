"""Automatic image colorization: run any colorizer, score all of them in the same way.

Functions for scripts and notebooks:

- :func:`colorize`: a picture (path, bytes, file object, array, PIL image)
- :func:`colorize_variants`: several versions of a picture
- :func:`colorize_files`: many picture files, with results as files
- :func:`colorize_video`: a film
- :func:`compare`: score plugins on color pictures
- :func:`colortk.metrics.score`: score one result
- :func:`list_plugins`: list the installed plugins

Errors are in :mod:`colortk.errors`; the names for plugin authors are in :mod:`colortk.plugin`.
"""

import os
from typing import TYPE_CHECKING, Any

from colortk._lazy import lazy_names

# From version 1.31 on, ONNX Runtime writes an identifier of the machine into the temporary folder
# when it is imported, and reports every session to its makers. Users did not agree to that.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from colortk import errors, metrics
    from colortk.api.comparison import compare
    from colortk.api.film import colorize_video
    from colortk.api.picture import colorize
    from colortk.api.plugins import list_plugins
    from colortk.api.variants import colorize_variants
    from colortk.batch.run import colorize_files
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

    __version__: str

__all__ = [
    "API_VERSION",
    "Artifact",
    "ColorizerSpec",
    "MetricSpec",
    "RefinerSpec",
    "Requirement",
    "WorkingSize",
    "colorize",
    "colorize_files",
    "colorize_variants",
    "colorize_video",
    "compare",
    "errors",
    "hookimpl",
    "list_plugins",
    "metrics",
]

#: Imported when it is first used: a plugin's declaration needs no NumPy.
_LAZY = {
    "API_VERSION": "colortk.plugin.spec:API_VERSION",
    "Artifact": "colortk.plugin.spec:Artifact",
    "ColorizerSpec": "colortk.plugin.spec:ColorizerSpec",
    "MetricSpec": "colortk.plugin.spec:MetricSpec",
    "RefinerSpec": "colortk.plugin.spec:RefinerSpec",
    "Requirement": "colortk.plugin.spec:Requirement",
    "WorkingSize": "colortk.plugin.spec:WorkingSize",
    "colorize": "colortk.api.picture:colorize",
    "colorize_files": "colortk.batch.run:colorize_files",
    "colorize_variants": "colortk.api.variants:colorize_variants",
    "colorize_video": "colortk.api.film:colorize_video",
    "compare": "colortk.api.comparison:compare",
    "errors": "colortk.errors",
    "hookimpl": "colortk.plugin.hookspecs:hookimpl",
    "list_plugins": "colortk.api.plugins:list_plugins",
    "metrics": "colortk.metrics",
}

if not TYPE_CHECKING:  # with a __getattr__, mypy would accept any name
    _import_name, _names = lazy_names(__name__, _LAZY)

    def __dir__() -> list[str]:
        return sorted([*_names(), "__version__"])

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            from importlib.metadata import version

            from colortk.plugin.discover import DISTRIBUTION

            return version(DISTRIBUTION)
        return _import_name(name)
