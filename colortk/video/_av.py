"""Import PyAV, or raise one line that says how to install it."""

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

# FFmpeg logs nothing by default. With a log level, its threads would wait for the lock of Python.

#: Untyped, because its stubs differ between releases.
av: Any = _av

__all__ = ["av"]
