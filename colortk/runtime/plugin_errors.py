"""Describe the errors of plugins, with the line of the plugin that raised them."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

#: Packages in which the cause of a plugin's error is not searched.
HOST_PACKAGES = frozenset({"colortk", "numpy", *sys.stdlib_module_names})


def reason(error: BaseException, factory: str) -> str:
    """Describe an error of a plugin in one line: class, message and :func:`source_location`."""
    text = " ".join(str(error).split())
    kind = type(error).__name__
    return f"{f'{kind}: {text}' if text else kind} {source_location(error, factory)}".rstrip()


def source_location(error: BaseException, factory: str) -> str:
    """Return the innermost line of plugin code that an error passed through, as ``(file.py:7)``.

    Parameters
    ----------
    error : BaseException
        An error of a plugin.
    factory : str
        Import path of the factory. Lines of its package are preferred; otherwise any code counts
        that belongs neither to Python, NumPy nor colortk.

    Returns
    -------
    str
        Empty if there is no such line, or if the code is our own.
    """
    if (
        isinstance(error, SyntaxError) and error.filename
    ):  # A SyntaxError already names its file; the importing frame is not the culprit.
        return ""
    plugin = factory.partition(":")[0].partition(".")[0]
    if plugin == "colortk":  # A line of a library that a built-in metric calls helps nobody.
        return ""
    foreign = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        file = frame.f_code.co_filename
        if package not in HOST_PACKAGES and not file.startswith("<"):
            foreign.append((package, f"({Path(file).name}:{line})"))
    own_locations = [where for package, where in foreign if package == plugin]
    return (own_locations or [where for _, where in foreign] or [""])[-1]
