"""The history of a window: the results since the page was opened, to download them again.

An entry is a result folder of the visitor's window. So no other visitor can read it, and it is
deleted with the visitor's files.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from colortk.io.files import write_atomic
from colortk.ui.limits import MEGABYTE, format_size
from colortk.ui.picture_conversion import ColorizedPicture
from colortk.ui.previews import file_url

if TYPE_CHECKING:
    from colortk.ui.event_handlers import RequestContext

#: Kind of the result folders, and the file in each that describes the entry.
KIND, ENTRY_FILE = "history", "entry.json"
#: A file that marks an entry as replaced by a newer one.
REPLACED_FILE = "replaced"
#: Entries of a visitor in all windows, and their bytes. The oldest are deleted.
MAX_ENTRIES, MAX_BYTES = 24, 500 * MEGABYTE


@dataclass(frozen=True)
class HistoryEntry:
    """A result.

    Parameters
    ----------
    name, thumbnail : str
        Names of the files in its folder.
    picture : str
        Identifier of the uploaded picture.
    label : str
        Label of the plugin.
    details : str
        Other settings, for people.
    adjusted : bool
        Whether it was made because the visitor moved a slider or changed a point. Of a row of such
        results, only the last one is kept.
    digest : str
        SHA-256 of the file.
    """

    name: str
    thumbnail: str
    picture: str
    label: str
    details: str
    adjusted: bool
    digest: str


class ResultHistory:
    """The history of a window.

    Parameters
    ----------
    context : RequestContext
        A request of the window.
    """

    def __init__(self, context: RequestContext) -> None:
        self._context = context

    def add(
        self, result: ColorizedPicture, picture: str, label: str, details: str, adjusted: bool
    ) -> None:
        """Add a result, in place of the newest entry if the result continues or repeats it.

        Parameters
        ----------
        result : ColorizedPicture
            The result. Its files are linked or copied.
        picture, label, details, adjusted
            As in :class:`HistoryEntry`.
        """
        with result.file.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        name, thumbnail = result.file.name, result.thumbnail.name
        entry = HistoryEntry(name, thumbnail, picture, label, details, adjusted, digest)
        for newest, other in self.entries()[:1]:
            continues = adjusted and other.adjusted and other.picture == picture
            repeats = (other.digest, other.name) == (digest, name)
            if (continues and other.label == label) or repeats:
                self._replace(newest)
        folder = self._context.folder(KIND, MAX_ENTRIES)
        for path in (result.file, result.thumbnail):
            _link(path, folder / path.name)
        text = json.dumps(asdict(entry)).encode()
        write_atomic(folder / ENTRY_FILE, text, durable=False)
        assert self._context.token is not None  # otherwise there is no folder
        self._context.app.visitors.limit_results(self._context.token, KIND, MAX_ENTRIES, MAX_BYTES)

    def _replace(self, entry: Path) -> None:
        """Hide an entry. It is deleted with the next one: the page may still load its thumbnail."""
        for folder in self._context.result_folders(KIND):
            if (folder / REPLACED_FILE).exists():
                shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # deleted meanwhile
            (entry / REPLACED_FILE).touch()

    def entries(self) -> list[tuple[Path, HistoryEntry]]:
        """Return folder and description of each entry, the newest first."""
        found = []
        for folder in self._context.result_folders(KIND):
            if (folder / REPLACED_FILE).exists():
                continue
            try:
                text = (folder / ENTRY_FILE).read_text("utf-8")
            except OSError:  # deleted meanwhile
                continue
            found.append((folder, HistoryEntry(**json.loads(text))))
        return found

    def to_html(self) -> str:
        """Return the entries as HTML, with thumbnails and links for downloads."""
        figures = ""
        for folder, entry in self.entries():
            with contextlib.suppress(FileNotFoundError):  # another window has deleted it meanwhile
                figures += _figure(folder, entry)
        if not figures:
            return ""
        title = "Results since you opened the page"
        return f"<section aria-label='{title}'><h2>{title}</h2><div>{figures}</div></section>"


def _figure(folder: Path, entry: HistoryEntry) -> str:
    name, file = html.escape(entry.name), folder / entry.name
    details = html.escape(", ".join(filter(None, [entry.label, entry.details])))
    thumbnail = html.escape(file_url(folder / entry.thumbnail))
    return (
        f"<figure><img src='{thumbnail}' alt='' loading='lazy'>"
        f"<figcaption><b>{name}</b><span>{details}</span>"
        f"<a href='{html.escape(file_url(file))}' download='{name}'"
        f" aria-label='Download {name}, {details}'>Download ({format_size(file)})</a>"
        "</figcaption></figure>"
    )


def _link(source: Path, target: Path) -> None:
    """Link a file, so that it needs no space of its own; copy it where links are not possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
