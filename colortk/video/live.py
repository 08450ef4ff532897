"""Show a film or a camera in color while it runs, in time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.runtime.live_film import LiveFilm
from colortk.runtime.predictors import WholeFilmPredictor
from colortk.video.colorize_frame import FrameSettings, color_planes, plugin_lightness
from colortk.video.fps_overlay import FrameRate, draw
from colortk.video.live_source import open_source
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
    source_rate : float or None
        Frames per second of the film; ``None`` for a camera.
    """

    frames: int = 0
    dropped: int = 0
    seconds: float = 0.0
    source_rate: float | None = None

    def __str__(self) -> str:
        rate = self.frames / self.seconds if self.seconds else 0.0
        text = f"{self.frames} frames shown, {rate:.1f} frames/s"
        if self.source_rate is not None:
            text += f" (the film has {self.source_rate:.1f})"
        return f"{text}, {self.dropped} dropped"


class LiveColorizer:
    """Colorize frames one by one, with the frames per second on them.

    Parameters
    ----------
    plugin : Predictor
        The colorizer.
    frame_settings : FrameSettings
        Settings.
    temporal : {"flow", "off", "plugin"}
        Average colors along motion, or not, or let the plugin steady them.

    Raises
    ------
    UsageError
        If the plugin cannot steady colors, and should.
    """

    def __init__(
        self, plugin: WholeFilmPredictor, frame_settings: FrameSettings, temporal: str
    ) -> None:
        self._plugin, self._frame_settings = plugin, frame_settings
        self._smoother = Smoother() if temporal == "flow" else None
        self._film = LiveFilm(plugin) if temporal == "plugin" else None
        self._rate = FrameRate()

    def __call__(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a frame, BGR uint8 (H, W, 3), in color, without an odd last row or column.

        Raises
        ------
        PredictionError
            If the plugin fails.
        UsageError
            If it should steady colors, and needs later frames for this.
        """
        height, width = (side // 2 * 2 for side in frame.shape[:2])
        stacked = cv2.cvtColor(np.ascontiguousarray(frame[:height, :width]), cv2.COLOR_BGR2YUV_I420)
        luma, chroma = stacked[:height], stacked[height:].reshape(2, height // 2, width // 2)
        gray = gray_luma(luma, chroma[0], chroma[1], BT601)
        predict = self._plugin.predict if self._film is None else self._film
        ab = predict(plugin_lightness(gray, self._plugin, 0))
        planes = color_planes(gray, ab, self._frame_settings, self._smoother)
        if planes.luma is luma or planes.luma is gray:
            planes.luma.setflags(write=True)
        draw(planes, self._rate.tick())
        joined = np.concatenate([planes.luma.ravel(), planes.cb.ravel(), planes.cr.ravel()])
        out: NDArray[np.uint8] = cv2.cvtColor(
            joined.reshape(height * 3 // 2, width), cv2.COLOR_YUV2BGR_I420
        )
        return out

    def close(self) -> None:
        """End the film of a plugin that steadies colors."""
        if self._film is not None:
            self._film.close()


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
    PictureError, PredictionError, UsageError
        If the source cannot be read, or a frame cannot be colorized.
    """
    frames = open_source(source)
    summary, start = LiveSummary(source_rate=frames.rate), time.perf_counter()
    try:
        cv2.namedWindow(window, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        for frame in frames:
            cv2.imshow(window, colorizer(frame))
            summary.frames += 1
            key = cv2.waitKey(1) & 0xFF
            if key in (ord("q"), 27) or cv2.getWindowProperty(window, cv2.WND_PROP_VISIBLE) < 1:
                break
    finally:
        summary.seconds, summary.dropped = time.perf_counter() - start, frames.dropped
        frames.close()
        cv2.destroyAllWindows()
    return summary
