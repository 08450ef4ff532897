"""Limits on the files and requests that the page accepts from visitors."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from colortk.errors import PictureError
from colortk.io.limits import DECODE_SECONDS
from colortk.io.picture import Picture
from colortk.runtime.decode_process import DecodeProcess
from colortk.ui.request_slots import RequestSlots

MEGABYTE = 1_000_000


def format_size(path: Path) -> str:
    """Return the size of a file as text, such as "3.2 MB"."""
    size = path.stat().st_size
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE / 2 else f"{size / 1000:.0f} kB"


#: Processes that decode pictures: those of a batch or a film do not keep a single picture waiting.
DECODERS = 3


@cache
def _decode_processes(seconds: float) -> tuple[DecodeProcess, ...]:
    """Return the processes that decode pictures for all visitors; each starts when it is needed."""
    processes = tuple(DecodeProcess(seconds) for _ in range(DECODERS))
    for process in processes:
        atexit.register(process.close)
    return processes


def _decode_process(seconds: float) -> DecodeProcess:
    """Return a process that is free, or the last one."""
    processes = _decode_processes(seconds)
    return next((process for process in processes if not process.is_busy), processes[-1])


@dataclass(frozen=True)
class Limits:
    """The limits of a page.

    Parameters
    ----------
    upload : int
        Bytes of an uploaded file.
    pixels : int
        Pixels of a picture.
    film_pixels : int
        Pixels of a frame of a film.
    film_seconds : float
        Seconds of a film that are colorized; the rest is cut off.
    film_frames : int
        Frames of a film.
    waiting, waiting_per_visitor : int
        Jobs that wait or run, in all and of one visitor.
    decode_seconds : float
        Seconds for decoding one picture.
    """

    upload: int = 100 * MEGABYTE
    pixels: int = 50_000_000
    film_pixels: int = 1920 * 1088
    film_seconds: float = 60.0
    film_frames: int = 3600
    waiting: int = 200
    waiting_per_visitor: int = 10
    decode_seconds: float = DECODE_SECONDS

    @property
    def batch(self) -> int:
        """Bytes of all files that are uploaded at once."""
        return 5 * self.upload

    @property
    def batch_pixels(self) -> int:
        """Pixels of all pictures of a batch."""
        return 20 * self.pixels

    @property
    def batch_results(self) -> int:
        """Bytes of the ZIP files of a visitor that are kept."""
        return 20 * self.upload

    @property
    def uploads(self) -> int:
        """Bytes of the uploads of a visitor that are kept."""
        return self.batch + 2 * self.upload  # a batch, a picture and a reference

    def read(self, path: Path, name: str) -> bytes:
        """Read an uploaded file.

        Parameters
        ----------
        path : Path
            The file.
        name : str
            Name of the file in messages.

        Raises
        ------
        PictureError
            If it is too large or was deleted.
        """
        try:
            size = path.stat().st_size
            if size > self.upload:
                raise PictureError(f"cannot read '{name}'", self.too_large(size))
            return path.read_bytes()
        except OSError as error:
            raise PictureError(
                f"cannot read '{name}'", "it was deleted", "upload it again"
            ) from error

    def decode(self, path: Path, name: str) -> Picture:
        """Decode an uploaded picture, in a process that is ended if it takes too long.

        Parameters
        ----------
        path : Path
            The file.
        name : str
            Name of the file in messages.

        Raises
        ------
        PictureError
            If it cannot be read or decoded, or exceeds a limit.
        """
        process = _decode_process(self.decode_seconds)
        return process.decode(self.read(path, name), name, self.pixels)

    def decode_reference(self, path: Path) -> None:
        """Decode an uploaded reference within the limits, before a plugin reads it.

        Raises ``PictureError`` as :meth:`decode`; the message says that it is the reference.
        """
        try:
            self.decode(path, path.name)
        except PictureError as error:
            raise PictureError(
                f"cannot use the reference '{path.name}'", error.reason or error.problem, error.hint
            ) from error

    def too_large(self, size: int) -> str:
        """Return why a file of ``size`` bytes is refused."""
        return f"it has {size / MEGABYTE:.1f} MB; the limit is {self.upload / MEGABYTE:g} MB"

    @staticmethod
    def upload_slots() -> RequestSlots:
        """Return the slots of concurrent uploads. Further uploads wait."""
        return RequestSlots(16, per_visitor=4, per_address=8, waiting=200, waiting_per_visitor=20)

    @staticmethod
    def message_slots() -> RequestSlots:
        """Return the slots of messages that are read concurrently. Further messages wait."""
        return RequestSlots(64, per_visitor=16, per_address=32, waiting=200, waiting_per_visitor=50)

    @staticmethod
    def stream_slots() -> RequestSlots:
        """Return the slots of streams and downloads. None waits: they last as long as a window."""
        return RequestSlots(350, per_visitor=40, per_address=175)
