"""Show a film or a camera in color while it runs: always the newest frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.errors import PictureError
from colortk.runtime.predictors import Predictor
from colortk.video.colorize_frame import FrameSettings, color_planes, plugin_lightness
from colortk.video.fps_overlay import FrameRate, draw
from colortk.video.luma_tables import BT601, gray_luma
from colortk.video.smoothing import Smoother


@dataclass
class LiveSummary:
    """Numbers of shown and skipped frames, and the time.

    Parameters
    ----------
    frames : int
        Frames that were shown.
    dropped : int
        Frames that were skipped, so that the picture does not lag behind.
    seconds : float
        Time from start to end.
    """

    frames: int = 0
    dropped: int = 0
    seconds: float = 0.0


class LatestFrames:
    """Read frames in a thread, and keep the newest. A file is read at its own speed.

    Parameters
    ----------
    source : str
        Name of a file, or number of a camera.
    """

    def __init__(self, source: str) -> None:
        camera = source.isdecimal()
        self._capture: Any = cv2.VideoCapture(int(source) if camera else source)
        if not self._capture.isOpened():
            if camera:
                raise PictureError(
                    f"cannot open camera {source}",
                    "there is none, or another program uses it",
                    "use another camera or a film",
                )
            raise PictureError(f"cannot read '{source}'", "it does not exist or is not a film")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._pause = 0.0 if camera or not 0 < rate < 1000 else 1 / rate
        self._condition = threading.Condition()
        self._frame: NDArray[np.uint8] | None = None
        self._count = 0
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        due = time.perf_counter()
        while not self._ended:
            good, frame = self._capture.read()
            if not good:
                break
            with self._condition:
                self._frame, self._count = frame, self._count + 1
                self._condition.notify()
            due += self._pause
            wait = due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
        with self._condition:
            self._ended = True
            self._condition.notify()

    def __iter__(self) -> Iterator[tuple[NDArray[np.uint8], int]]:
        """Yield the newest frame, BGR uint8 (H, W, 3), and the number of skipped frames."""
        last_count = 0
        while True:
            with self._condition:
                while self._frame is None and not self._ended:
                    self._condition.wait(0.1)
                frame, self._frame, count = self._frame, None, self._count
            if frame is None:
                return
            yield frame, count - last_count - 1
            last_count = count

    def close(self) -> None:
        """Stop reading."""
        self._ended = True
        self._thread.join(5)
        self._capture.release()


class LiveColorizer:
    """Colorize frames one by one, with the frames per second on them.

    Parameters
    ----------
    plugin : Predictor
        The colorizer.
    frame_settings : FrameSettings
        Settings.
    smooth_colors : bool
        Average colors along motion.
    """

    def __init__(
        self, plugin: Predictor, frame_settings: FrameSettings, smooth_colors: bool
    ) -> None:
        self._plugin, self._frame_settings = plugin, frame_settings
        self._smoother = Smoother() if smooth_colors else None
        self._rate = FrameRate()

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a frame, BGR uint8 (H, W, 3), in color, without an odd last row or column."""
        height, width = (side // 2 * 2 for side in frame.shape[:2])
        stacked = cv2.cvtColor(np.ascontiguousarray(frame[:height, :width]), cv2.COLOR_BGR2YUV_I420)
        luma, chroma = stacked[:height], stacked[height:].reshape(2, height // 2, width // 2)
        gray = gray_luma(luma, chroma[0], chroma[1], BT601)
        ab = self._plugin.predict(plugin_lightness(gray, self._plugin, 0))
        planes = color_planes(gray, ab, self._frame_settings, self._smoother)
        if planes.luma is luma or planes.luma is gray:
            planes.luma.setflags(write=True)
        draw(planes, self._rate.tick())
        joined = np.concatenate([planes.luma.ravel(), planes.cb.ravel(), planes.cr.ravel()])
        out: NDArray[np.uint8] = cv2.cvtColor(
            joined.reshape(height * 3 // 2, width), cv2.COLOR_YUV2BGR_I420
        )
        return out


def show(
    source: str, colorizer: LiveColorizer, window: str = "colortk live (press q to quit)"
) -> LiveSummary:
    """Show a film or a camera in a window until it ends or q is pressed.

    Parameters
    ----------
    source : str
        Name of a file, or number of a camera.
    colorizer : LiveColorizer
        Colorizes frames.
    window : str
        Title of the window.

    Raises
    ------
    PictureError, PredictionError
        If the source cannot be read, or a frame cannot be colorized.
    """
    frames, summary, start = LatestFrames(source), LiveSummary(), time.perf_counter()
    try:
        cv2.namedWindow(window, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        for frame, skipped in frames:
            cv2.imshow(window, colorizer(frame))
            summary.frames += 1
            summary.dropped += skipped
            key = cv2.waitKey(1) & 0xFF
            if key in (ord("q"), 27) or cv2.getWindowProperty(window, cv2.WND_PROP_VISIBLE) < 1:
                break
    finally:
        summary.seconds = time.perf_counter() - start
        frames.close()
        cv2.destroyAllWindows()
    return summary
