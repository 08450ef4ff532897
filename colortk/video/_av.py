"""PyAV, or one line that says how to get it."""

from __future__ import annotations

from typing import Any

from colortk.errors import EnvironmentProblem

try:
    import av as _av
except ImportError as error:
    raise EnvironmentProblem(
        "films need PyAV", str(error), "pip install 'av>=18', or in a clone: pip install '.[video]'"
    ) from error
if not hasattr(_av.VideoStream, "set_display_matrix"):
    raise EnvironmentProblem("films need PyAV 18 or later", _av.__version__, "pip install -U av")

# Its libraries would print to stderr what we say in one line of our own.
_av.logging.set_level(_av.logging.PANIC)
_av.logging.set_libav_level(_av.logging.PANIC)

#: Untyped: its stubs differ from one release to the next.
av: Any = _av

__all__ = ["av"]
