"""OpenCV, or one line that says what to install.

Its wheels are linked against libGL and GLib, which a bare server or container lacks.
"""

from __future__ import annotations

import os
from typing import Any

from colortk.errors import EnvironmentProblem, out_of_memory

# Its decoders print to stderr what we say in one line of our own.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

try:
    import cv2 as _cv2
except ImportError as error:
    if out_of_memory(error):
        raise EnvironmentProblem("OpenCV cannot be loaded", str(error)) from error
    raise EnvironmentProblem(
        "OpenCV cannot be loaded",
        str(error),
        "on Debian or Ubuntu: apt-get install libgl1 libglib2.0-0; or without a display: "
        "pip uninstall -y opencv-contrib-python && pip install opencv-contrib-python-headless",
    ) from error

#: Untyped: its stubs differ from one release to the next.
cv2: Any = _cv2

__all__ = ["cv2"]
