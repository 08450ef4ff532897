"""The folder for the files of a page: private, and deleted when the page ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from colortk.ui.visitor_registry import LOCK

FOLDER_PREFIX = "colortk-ui-"


@contextlib.contextmanager
def page_folder() -> Iterator[Path]:
    """Make a folder that Gradio uses too, and delete it with all files at the end of the block.

    Folders of pages that were killed are deleted first.
    """
    delete_abandoned(Path(tempfile.gettempdir()))
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=FOLDER_PREFIX)))
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    try:
        with _locked(folder):
            yield folder
    finally:
        if before is None:
            os.environ.pop("GRADIO_TEMP_DIR", None)
        else:
            os.environ["GRADIO_TEMP_DIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder while the block runs. The system releases the lock when the process ends."""
    try:
        import fcntl
    except ImportError:  # Windows, where folders of killed pages stay
        yield
        return
    fresh = folder / f"{LOCK}-new"
    with fresh.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        fresh.rename(folder / LOCK)  # only now, so that no process sees it unlocked
        yield


def delete_abandoned(root: Path) -> None:
    """Delete folders in ``root`` that pages of this user left when they were killed."""
    try:
        import fcntl
    except ImportError:
        return
    for lock in root.glob(f"{FOLDER_PREFIX}*/{LOCK}"):
        folder = lock.parent
        with contextlib.suppress(OSError):  # another user's, or in use
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
