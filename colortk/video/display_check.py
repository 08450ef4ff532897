"""Check whether a window can be opened. Without a display, Qt ends the process that tries."""

from __future__ import annotations

import os
import subprocess
import sys

from colortk.errors import EnvironmentProblem

_TEST_CODE = "import cv2; cv2.namedWindow('colortk'); cv2.waitKey(1); cv2.destroyAllWindows()"
_TIMEOUT = 30


def require_display() -> None:
    """Raise ``EnvironmentProblem`` if no window can be opened.

    The test runs in a separate process.

    Raises
    ------
    EnvironmentProblem
        If there is no display, or OpenCV has no windows.
    """
    hint = "run it on a desktop, or use `colortk video`, which needs no display"
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise EnvironmentProblem("no display", "neither DISPLAY nor WAYLAND_DISPLAY is set", hint)
    try:
        test = subprocess.run(
            [sys.executable, "-P", "-c", _TEST_CODE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentProblem("no window can be opened", str(error), hint) from error
    if test.returncode:
        lines = [
            line for line in test.stderr.decode("utf-8", "replace").splitlines() if line.strip()
        ]
        reason = lines[-1] if lines else f"OpenCV ended with status {test.returncode}"
        if "not implemented" in reason or "not implemented" in test.stderr.decode(
            "utf-8", "replace"
        ):
            reason = "this OpenCV has no windows"
            hint = (
                "pip uninstall -y opencv-contrib-python-headless"
                " && pip install opencv-contrib-python"
            )
        raise EnvironmentProblem("no window can be opened", reason, hint)
    # The Qt of OpenCV has no fonts and warns about that. Nothing is written in the window.
    os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")
