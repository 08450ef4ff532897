"""How much the page takes from its visitors."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from colortk.errors import PictureError
from colortk.io.decode import Picture
from colortk.io.limits import DECODE_SECONDS
from colortk.runtime.decode_process import DecodeProcess
from colortk.ui.request_slots import RequestSlots

MEGABYTE = 1_000_000


def format_size(path: Path) -> str:
    """A file's size, to be read."""
    size = path.stat().st_size
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE / 2 else f"{size / 1000:.0f} kB"


@cache
def _decode_process(seconds: float) -> DecodeProcess:
    """The process that decodes for all visitors of this page."""
    process = DecodeProcess(seconds)
    atexit.register(process.close)
    return process


@dataclass(frozen=True)
class Limits:
    """Of one page.

    ``upload``: bytes of a file. ``pixels``: of a picture. ``film_pixels``: of a frame.
    ``film_seconds``: of a film, the rest is left out; ``film_frames``: in all. ``waiting``: jobs
    that wait for their turn or run, in all; ``waiting_per_visitor``: of one visitor.
    ``decode_seconds``: for decoding one picture.
    """

    upload: int = 100 * MEGABYTE
    pixels: int = 50_000_000
    film_pixels: int = 1920 * 1088
    film_seconds: float = 60.0
    film_frames: int = 3600
    waiting: int = 200
    waiting_per_visitor: int = 10
    decode_seconds: float = DECODE_SECONDS

    def read(self, path: Path, name: str) -> bytes:
        """Content of an uploaded file; ``name`` is what messages call it.

        Raises ``PictureError`` if it is too large or not there any more.
        """
        try:
            size = path.stat().st_size
            if size > self.upload:
                raise PictureError(f"cannot read '{name}'", self.too_large(size))
            return path.read_bytes()
        except OSError as error:
            raise PictureError(
                f"cannot read '{name}'", "it is not here any more", "upload it again"
            ) from error

    def decode(self, path: Path, name: str) -> Picture:
        """Decode an uploaded picture, in a process that is ended if it takes too long.

        Raises ``PictureError``.
        """
        process = _decode_process(self.decode_seconds)
        return process.decode(self.read(path, name), name, self.pixels)

    def too_large(self, size: int) -> str:
        """Why a file of ``size`` bytes is refused."""
        return f"it has {size / MEGABYTE:.1f} MB, the limit is {self.upload / MEGABYTE:g} MB"

    @staticmethod
    def upload_slots() -> RequestSlots:
        """Uploads at once; others wait."""
        return RequestSlots(16, per_visitor=4, per_address=8, waiting=200, waiting_per_visitor=20)

    @staticmethod
    def message_slots() -> RequestSlots:
        """Messages that are read at once; others wait."""
        return RequestSlots(64, per_visitor=16, per_address=32, waiting=200, waiting_per_visitor=50)

    @staticmethod
    def stream_slots() -> RequestSlots:
        """Streams and downloads at once, which last as long as a window; none waits."""
        return RequestSlots(350, per_visitor=40, per_address=175)
