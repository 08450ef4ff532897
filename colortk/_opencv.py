"""OpenCV with types, or an error with the packages to install.

The wheels of OpenCV are linked against libGL and GLib, which a server or a container may lack. Type
checkers see the functions in ``_cv2.pyi``: NumPy arrays in and out. At run time this is ``cv2``
itself.
"""

from __future__ import annotations

import os

from colortk.errors import EnvironmentProblem, out_of_memory

# The decoders of OpenCV print errors to stderr. colortk reports these errors in its own messages.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

try:
    import cv2
except ImportError as error:
    if out_of_memory(error):
        raise EnvironmentProblem("OpenCV cannot be loaded", str(error)) from error
    raise EnvironmentProblem(
        "OpenCV cannot be loaded",
        str(error),
        "on Debian or Ubuntu: apt-get install libgl1 libglib2.0-0; or without a display: "
        "pip uninstall -y opencv-contrib-python && pip install opencv-contrib-python-headless",
    ) from error

__all__ = ["cv2"]
