"""Store uploads: one file of a form, written as it arrives, and deleted if it stays incomplete."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import shutil
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from colortk.ui.http_requests import RequestRefused, Send

# It writes a line to stderr for each malformed form, so that visitors could fill the log.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

#: The most bytes of a form besides its file.
MAX_FORM_OVERHEAD = 100_000
#: Bytes that are written to the disk at once.
BLOCK_BYTES = 1 << 20
#: The most bytes of a file name.
MAX_NAME_BYTES = 150
#: Seconds before the start and after the end of an upload in which a browser may ask for its
#: progress.
PROGRESS_MARGIN = 3.0
#: Seconds between two progress messages, and between two heartbeats while nothing changes.
PROGRESS_INTERVAL, HEARTBEAT_INTERVAL = 0.1, 15.0


@dataclass
class Progress:
    """Progress of an upload.

    Parameters
    ----------
    name : str
        Name of the file.
    new_bytes : int
        Bytes since the last progress message.
    done : bool
        Whether the upload has ended.
    """

    name: str = ""
    new_bytes: int = 0
    done: bool = False


@dataclass
class _Form:
    """The only part of a form: a file called ``name``, whose next bytes are in ``block``."""

    name: str | None = None
    block: bytearray = field(default_factory=bytearray)
    parts: int = 0
    complete: bool = False
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _disposition: list[bytes] = field(default_factory=list)

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._named,
                "on_part_data": lambda data, start, end: self.block.extend(data[start:end]),
                "on_end": self._end,
            },
        )

    def _begin(self) -> None:
        self.parts += 1
        if self.parts > 1:
            raise RequestRefused(400, "upload one file at a time")

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition.append(bytes(self._value))
        self._header.clear()
        self._value.clear()

    def _named(self) -> None:
        if len(self._disposition) != 1:
            raise RequestRefused(400, "the form does not state exactly once what it contains")
        try:
            kind, options = parse_options_header(self._disposition[0])
            file_name = options.get(b"filename", b"").decode("utf-8")
        except UnicodeDecodeError:
            raise RequestRefused(400, "the name of the file is not UTF-8") from None
        if kind != b"form-data" or options.get(b"name") != b"files" or b"filename" not in options:
            raise RequestRefused(400, "the form does not contain a file")
        self.name = safe_name(file_name)

    def _end(self) -> None:
        self.complete = True


def safe_name(text: str) -> str:
    """Return the last part of a path as a file name of letters, digits and ``._- ,()``."""
    text = unicodedata.normalize("NFC", text.replace("\\", "/").rpartition("/")[2])
    allowed = "".join(c for c in text if c in "._- ,()" or unicodedata.category(c)[0] in "LNM")
    stem, dot, suffix = allowed.strip(" .").rpartition(".")
    suffix = suffix if len(suffix.encode()) <= 10 else suffix[:2]
    while len((stem + dot + suffix).encode()) > MAX_NAME_BYTES:
        stem = stem[:-1]
    return (stem + dot + suffix).strip(" .") or "file"


def boundary_of(content_type: str) -> bytes:
    """Return the boundary of a form. Raises ``RequestRefused`` (400 or 415)."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise RequestRefused(415, "an upload is a form with a file")
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70 or content_type.lower().count("boundary=") != 1:
        raise RequestRefused(400, "the form does not state its boundary exactly once")
    return bytes(boundary)


class Uploads:
    """Uploads in progress, each into a separate folder in the folder ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._progress: dict[tuple[str, str], Progress] = {}

    async def store(
        self, chunks: AsyncIterator[bytes], content_type: str, progress: Progress
    ) -> Path:
        """Write the file of a form. If the form is incomplete, delete the written part.

        Parameters
        ----------
        chunks : asynchronous iterator of bytes
            The body of the request.
        content_type : str
            Its header ``Content-Type``.
        progress : Progress
            Is updated.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        RequestRefused
            If the form is malformed or incomplete, or the disk is full. Errors of ``chunks`` are
            raised as well.
        """
        form = _Form()
        parser = form.parser(boundary_of(content_type))
        folder = self._root / f"upload-{secrets.token_hex(16)}"
        folder.mkdir(mode=0o700)
        try:
            path = await self._write(chunks, parser, form, folder, progress)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return path

    async def _write(
        self,
        chunks: AsyncIterator[bytes],
        parser: MultipartParser,
        form: _Form,
        folder: Path,
        progress: Progress,
    ) -> Path:
        file: BinaryIO | None = None
        try:
            async for chunk in chunks:
                try:
                    parser.write(chunk)
                except FormParserError:
                    raise RequestRefused(400, "the form is malformed") from None
                if form.name is not None and file is None:
                    file = (folder / form.name).open("wb")
                    progress.name = form.name
                progress.new_bytes += len(chunk)
                if file is not None and len(form.block) >= BLOCK_BYTES:
                    await asyncio.to_thread(file.write, bytes(form.block))
                    form.block.clear()
            if file is None or not form.complete:
                raise RequestRefused(400, "the form is not complete")
            await asyncio.to_thread(file.write, bytes(form.block))
        except OSError as error:
            raise RequestRefused(507, f"the file cannot be stored: {error.strerror}") from None
        finally:
            if file is not None:
                file.close()
        assert form.name is not None
        return folder / form.name

    def track(self, visitor: str, upload: str | None) -> Progress:
        """Register an upload, so that its browser can ask for its progress."""
        progress = Progress()
        if upload is not None:
            earlier = self._progress.get((visitor, upload))
            # Chromium sends an upload again, under its name, when the first attempt got 408.
            if earlier is not None and not earlier.done:
                raise RequestRefused(400, "there is already an upload of this name")
            self._progress[visitor, upload] = progress
        return progress

    def end(self, visitor: str, upload: str | None, progress: Progress) -> None:
        """Mark an upload as ended. Its progress can be requested for a little longer."""
        progress.done = True
        if upload is not None:
            asyncio.get_running_loop().call_later(
                PROGRESS_MARGIN, self._drop, (visitor, upload), progress
            )

    def _drop(self, key: tuple[str, str], progress: Progress) -> None:
        if self._progress.get(key) is progress:  # the entry may belong to a later attempt
            del self._progress[key]

    async def progress(self, visitor: str, upload: str) -> Progress:
        """Return the progress of an upload, once it has begun. Raises ``RequestRefused`` (404)."""
        for _ in range(round(PROGRESS_MARGIN / 0.05)):
            if (visitor, upload) in self._progress:
                return self._progress[visitor, upload]
            await asyncio.sleep(0.05)
        raise RequestRefused(404, "there is no such upload")


async def send_progress(progress: Progress, send: Send) -> None:
    """Send the messages that the script of Gradio expects about an upload, until it has ended."""

    async def event(more: bool = True, **message: object) -> None:
        body = f"data: {json.dumps(message)}\n\n".encode()
        await send({"type": "http.response.body", "body": body, "more_body": more})

    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    quiet = 0.0
    while not progress.done:
        if progress.name and progress.new_bytes:
            size, progress.new_bytes, quiet = progress.new_bytes, 0, 0.0
            await event(msg="update", orig_name=progress.name, chunk_size=size)
        elif quiet >= HEARTBEAT_INTERVAL:
            quiet = 0.0
            await event(msg="heartbeat")
        await asyncio.sleep(PROGRESS_INTERVAL)
        quiet += PROGRESS_INTERVAL
    await event(more=False, msg="done")
