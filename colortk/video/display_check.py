"""Whether a window can be opened here. Qt ends the process where it cannot, so it is asked elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys

from colortk.errors import EnvironmentProblem

_TRIAL = "import cv2; cv2.namedWindow('colortk'); cv2.waitKey(1); cv2.destroyAllWindows()"
_SECONDS = 30


def require_display() -> None:
    """Raises ``EnvironmentProblem`` if no window can be opened."""
    do = "run it on a desktop; `colortk video` needs no display"
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise EnvironmentProblem("no display", "neither DISPLAY nor WAYLAND_DISPLAY is set", do)
    try:
        trial = subprocess.run(
            [sys.executable, "-P", "-c", _TRIAL],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentProblem("no window can be opened", str(error), do) from error
    if trial.returncode:
        lines = [
            line for line in trial.stderr.decode("utf-8", "replace").splitlines() if line.strip()
        ]
        why = lines[-1] if lines else f"OpenCV ended with {trial.returncode}"
        if "not implemented" in why or "not implemented" in trial.stderr.decode("utf-8", "replace"):
            why = "this OpenCV has no windows"
            do = "pip uninstall -y opencv-contrib-python-headless && pip install opencv-contrib-python"
        raise EnvironmentProblem("no window can be opened", why, do)
    # OpenCV's Qt brings no fonts, and says so five times; nothing is written in the window.
    os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")
