"""Open films with PyAV, and decode their frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colortk.errors import PictureError
from colortk.video._av import av

#: Formats of FFmpeg that are single pictures.
_PICTURES = {"image2", "alias_pix", "brender_pix"}
_ATTACHED = 0x400  # AV_DISPOSITION_ATTACHED_PIC: a cover picture


@dataclass
class Losses:
    """Numbers of frames that could not be read.

    Parameters
    ----------
    broken : int
        Damaged frames.
    missing : int
        Frames that are missing at the end.
    """

    broken: int = 0
    missing: int = 0

    @property
    def total(self) -> int:
        """Number of lost frames."""
        return self.broken + self.missing


def open_film(path: Path) -> Any:
    """Open a film.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    av.container.InputContainer
        A container with at least one video stream.

    Raises
    ------
    PictureError
        If the file cannot be read or is not a film.
    """
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (OSError, ValueError, av.error.FFmpegError) as error:
        reason = "it does not exist" if not path.exists() else _reason(error)
        if isinstance(error, av.error.InvalidDataError):
            reason = "it is not a film, or its header is missing or damaged"
        raise PictureError(f"cannot read '{path}'", reason) from error
    if container.format.name in _PICTURES or container.format.name.endswith("_pipe"):
        container.close()
        raise PictureError(
            f"cannot read '{path}'", "it is a picture", "use colortk run for pictures"
        )
    if film_stream(container) is None:
        container.close()
        raise PictureError(f"cannot read '{path}'", "it has no video stream")
    return container


def film_stream(container: Any) -> Any:
    """Return the video stream of a container, or ``None``; a cover picture does not count."""
    for stream in container.streams.video:
        if not int(stream.disposition) & _ATTACHED and stream.codec_context is not None:
            return stream
    return None


def decoded_frames(container: Any, stream: Any, losses: Losses) -> Iterator[Any]:
    """Yield the decoded frames of a stream. Skip and count packets that cannot be decoded."""
    stream.thread_type = "AUTO"
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError):
            packet = None  # the duration shows how many frames are missing
        try:
            # None, at the end, returns the frames that the threads of the decoder still hold.
            decoded = stream.decode(packet)
        except (av.error.FFmpegError, OSError, ValueError):
            if packet is None:
                return
            losses.broken += bool(packet.size)
            continue
        for frame in decoded:
            losses.broken += bool(frame.is_corrupt)
            yield frame
        if packet is None:
            return


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
