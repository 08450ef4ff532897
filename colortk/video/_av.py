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

# Its log level stays as it is, none: with one, libraries' threads would wait for Python's lock to log.

#: Untyped: its stubs differ from one release to the next.
av: Any = _av

__all__ = ["av"]
