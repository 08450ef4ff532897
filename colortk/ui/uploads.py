"""Store uploads: the files of a form, written as they arrive, and deleted if it is incomplete."""

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

#: Files of a form.
MAX_FILES = 50
#: The most bytes of a form besides its files.
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
class _Part:
    """A file of a form: its name, its next bytes, and the bytes so far."""

    name: str | None = None
    block: bytearray = field(default_factory=bytearray)
    size: int = 0


@dataclass
class _Form:
    """The files of a form, in order. Only the last one can still grow."""

    max_bytes: int
    parts: list[_Part] = field(default_factory=list)
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
                "on_part_data": self._add,
                "on_end": self._end,
            },
        )

    def _begin(self) -> None:
        self._disposition.clear()
        self.parts.append(_Part())
        if len(self.parts) > MAX_FILES:
            raise RequestRefused(400, f"upload at most {MAX_FILES} files at once")

    def _add(self, data: bytes, start: int, end: int) -> None:
        part = self.parts[-1]
        part.block.extend(data[start:end])
        part.size += end - start
        if part.size > self.max_bytes:
            reason = f"the limit is {self.max_bytes / 1_000_000:g} MB for each file"
            raise RequestRefused(413, f"the file '{part.name}' was refused: {reason}")

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
        self.parts[-1].name = safe_name(file_name)

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
    """Uploads in progress, each file into a separate folder in the folder ``root``.

    ``max_bytes`` is the most bytes of a file.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root, self._max_bytes = root, max_bytes
        self._progress: dict[tuple[str, str], Progress] = {}

    async def store(
        self, chunks: AsyncIterator[bytes], content_type: str, progress: Progress
    ) -> list[Path]:
        """Write the files of a form. If the form is incomplete, delete what was written.

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
        list of Path
            The files.

        Raises
        ------
        RequestRefused
            If the form is malformed or incomplete, a file is too large, or the disk is full. Errors
            of ``chunks`` are raised as well.
        """
        form = _Form(self._max_bytes)
        parser = form.parser(boundary_of(content_type))
        paths: list[Path] = []
        try:
            await self._write(chunks, parser, form, paths, progress)
        except BaseException:
            for path in paths:
                shutil.rmtree(path.parent, ignore_errors=True)
            raise
        return paths

    async def _write(
        self,
        chunks: AsyncIterator[bytes],
        parser: MultipartParser,
        form: _Form,
        paths: list[Path],
        progress: Progress,
    ) -> None:
        """Write the files of ``form``, and append their paths to ``paths`` when they are opened."""
        file: BinaryIO | None = None

        async def write(part: _Part) -> None:
            assert file is not None
            await asyncio.to_thread(file.write, bytes(part.block))
            part.block.clear()

        try:
            async for chunk in chunks:
                try:
                    parser.write(chunk)
                except FormParserError:
                    raise RequestRefused(400, "the form is malformed") from None
                progress.new_bytes += len(chunk)
                for number, part in enumerate(form.parts):
                    if part.name is None or number < len(paths) - 1:
                        continue
                    if number == len(paths):  # it has begun in this chunk
                        if file is not None:
                            await write(form.parts[number - 1])
                            file.close()
                        paths.append(self._new_path(part.name))
                        file = paths[-1].open("wb")
                        progress.name = part.name
                    if len(part.block) >= BLOCK_BYTES:
                        await write(part)
            if file is None or not form.complete:
                raise RequestRefused(400, "the form is not complete")
            await write(form.parts[-1])
        except OSError as error:
            raise RequestRefused(507, f"the file cannot be stored: {error.strerror}") from None
        finally:
            if file is not None:
                file.close()

    def _new_path(self, name: str) -> Path:
        folder = self._root / f"upload-{secrets.token_hex(16)}"
        folder.mkdir(mode=0o700)
        return folder / name

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
