"""Frames to show now: of a film in time with its clock, or the newest of a camera."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.errors import PictureError

#: The frame rate of a film that states none.
DEFAULT_RATE = 25.0
#: Seconds that are skipped at once. A film that cannot be decoded in time plays more slowly.
MAX_SKIP = 1.0


class FilmFrames:
    """Frames of a film, each at its time. Frames whose time has passed are skipped.

    Parameters
    ----------
    source : str
        Name of the file.
    now, sleep : callable
        Clock in seconds, and a function that waits.
    """

    def __init__(
        self,
        source: str,
        now: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._capture = _opened(source, "it does not exist or is not a film")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        #: Frames per second.
        self.rate = float(rate) if 0 < rate < 1000 else DEFAULT_RATE
        #: Frames that were skipped.
        self.dropped = 0
        self._now, self._sleep = now, sleep

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield frames, BGR uint8 (H, W, 3)."""
        start, number = self._now(), 0  # number: of the next frame that is read
        while True:
            due = math.floor((self._now() - start) * self.rate)
            most = max(1, round(MAX_SKIP * self.rate))
            if due - number > most:
                start += (due - number - most) / self.rate
                due = number + most
            while number < due and self._capture.grab():
                number, self.dropped = number + 1, self.dropped + 1
            wait = start + number / self.rate - self._now()
            if wait > 0:
                self._sleep(wait)
            good, frame = self._capture.read()
            if not good:
                return
            number += 1
            yield frame

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


class CameraFrames:
    """The newest frame of a camera. A thread reads all frames, so that none waits in the driver.

    Parameters
    ----------
    number : int
        Number of the camera.
    """

    rate = None

    def __init__(self, number: int) -> None:
        self._capture = _opened(number, "there is none, or another program uses it")
        self._condition = threading.Condition()
        self._frame: NDArray[np.uint8] | None = None
        self._count = self.dropped = 0
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._ended:
            good, frame = self._capture.read()
            if not good:
                break
            with self._condition:
                self._frame, self._count = frame, self._count + 1
                self._condition.notify()
        with self._condition:
            self._ended = True
            self._condition.notify()

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the newest frame, BGR uint8 (H, W, 3)."""
        last_count = 0
        while True:
            with self._condition:
                while self._frame is None and not self._ended:
                    self._condition.wait(0.1)
                frame, self._frame, count = self._frame, None, self._count
            if frame is None:
                return
            self.dropped += count - last_count - 1
            yield frame
            last_count = count

    def close(self) -> None:
        """Stop reading."""
        self._ended = True
        self._thread.join(5)
        self._capture.release()


def open_source(source: str) -> FilmFrames | CameraFrames:
    """Open a film, or a camera if ``source`` is a number.

    Raises
    ------
    PictureError
        If it cannot be read.
    """
    return CameraFrames(int(source)) if source.isdecimal() else FilmFrames(source)


def _opened(source: str | int, reason: str) -> Any:
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        if isinstance(source, int):
            problem = f"cannot open camera {source}"
            raise PictureError(problem, reason, "use another camera or a film")
        raise PictureError(f"cannot read '{source}'", reason)
    return capture
