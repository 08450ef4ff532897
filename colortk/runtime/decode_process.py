"""Decode pictures in a process that is stopped if a picture takes too long.

A file that passes the limits of :mod:`colortk.io.limits` may still hang a decoder. The web page and
``run --timeout`` decode in such a process. If a picture hangs or crashes the decoder, only that
picture fails.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np

from colortk.errors import ColortkError, PictureError
from colortk.io.decode import decode
from colortk.io.metadata import Metadata
from colortk.io.missing_lines import Missing
from colortk.io.picture import Picture
from colortk.runtime.messages import Channel, Message, MessageError
from colortk.runtime.subprocesses import exit_text, incoming, keep_freed_memory
from colortk.runtime.worker_process import WorkerProcess, failure

#: Seconds in which the process has to start.
_START_TIMEOUT = 60.0
#: Most bytes of a decoded picture with its metadata, and of a file that is sent.
_BYTES = 1 << 40


def serve(channel: Channel) -> None:
    """Reply to each file with its picture, or with an error."""
    keep_freed_memory()
    for request in incoming(channel, _BYTES):
        if request.kind == "begin":
            channel.send(Message("ready", request.number))
            continue
        fields = request.fields
        try:
            data = request.arrays["data"].tobytes()
            allow = bool(fields["allow_truncated"])
            picture = decode(data, str(fields["name"]), fields["max_pixels"], allow)
            del data
            described, arrays = _to_message(picture)
            channel.send(Message("picture", request.number, described, arrays))
        except ColortkError as error:
            channel.send(failure(request, error))
        except MemoryError:
            problem = f"cannot read '{fields['name']}'"
            channel.send(failure(request, PictureError(problem, "not enough memory to decode it")))


def _to_message(picture: Picture) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return fields and arrays of a picture. Long texts are an array of bytes."""
    arrays: dict[str, Any] = {"pixels": picture.pixels}
    if picture.alpha is not None:
        arrays["alpha"] = picture.alpha
    meta = picture.metadata
    texts = {
        "texts": meta.texts,
        "quoted": meta.quoted,
        "notes": picture.notes,
        "photoshop": {str(number): content.hex() for number, content in meta.photoshop.items()},
    }
    for name, content in (
        ("exif", picture.exif),
        ("xmp", meta.xmp),
        ("texts", json.dumps(texts).encode()),
    ):
        arrays[name] = np.frombuffer(content, np.uint8)
    missing = picture.missing.as_dict() if picture.missing else None
    dpi = list(picture.dpi) if picture.dpi else None
    return {"dpi": dpi, "format": picture.format, "missing": missing}, arrays


def _from_message(message: Message) -> Picture:
    fields, arrays = message.fields, message.arrays
    texts = json.loads(arrays["texts"].tobytes())
    missing = None if fields["missing"] is None else Missing.from_dict(fields["missing"])
    metadata = Metadata(
        arrays["xmp"].tobytes(),
        {int(number): bytes.fromhex(text) for number, text in texts["photoshop"].items()},
        [(keyword, text) for keyword, text in texts["texts"]],
        texts["quoted"],
    )
    return Picture(
        arrays["pixels"],
        arrays.get("alpha"),
        arrays["exif"].tobytes(),
        tuple(fields["dpi"]) if fields["dpi"] else None,
        fields["format"],
        texts["notes"],
        metadata,
        missing,
    )


class DecodeProcess:
    """A process that decodes pictures, one after the other. Threads may share it.

    Parameters
    ----------
    timeout : float
        Seconds for one picture. After that the process is ended, and the next picture gets a new
        process.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._process: WorkerProcess | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> DecodeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_busy(self) -> bool:
        """Whether it decodes a picture now."""
        return self._turn.locked()

    def decode(
        self, data: bytes, name: str, max_pixels: int | None = None, allow_truncated: bool = False
    ) -> Picture:
        """Decode a picture as :func:`colortk.io.decode.decode` does, within the time limit.

        Raises ``PictureError``, also if time runs out or the process dies.
        """
        with self._turn:
            return self._decoded(data, name, max_pixels, allow_truncated)

    def _decoded(
        self, data: bytes, name: str, max_pixels: int | None, allow_truncated: bool
    ) -> Picture:
        problem = f"cannot read '{name}'"
        try:
            process = self._process or self._start()
            fields = {"name": name, "max_pixels": max_pixels, "allow_truncated": allow_truncated}
            content = {"data": np.frombuffer(data, np.uint8)}
            process.request("decode", fields, content, self.timeout)
            return _from_message(process.wait_for_reply(self.timeout, _BYTES))
        except ColortkError:
            raise
        except TimeoutError:
            self.close()
            reason = f"decoding it takes over {self.timeout:g} s and was stopped"
            raise PictureError(problem, reason) from None
        except (EOFError, OSError, MessageError, ValueError, KeyError) as error:
            if self._process is not None and isinstance(error, EOFError | OSError):
                reason = exit_text(self._process.wait_exit_code())
                self._process = None
                raise PictureError(problem, f"the decoder process ended: {reason}") from None
            self.close()
            raise PictureError(problem, f"the decoder process failed: {error}") from error
        except BaseException:  # an interrupt here would leave the reply for the next picture
            self.close()
            raise

    def _start(self) -> WorkerProcess:
        self._process = WorkerProcess("colortk.runtime.decode_process:serve")
        self._process.request("begin", timeout=_START_TIMEOUT)
        self._process.wait_for_reply(_START_TIMEOUT)
        return self._process

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.stop()
        self._process = None
