"""The folder of a page's files: of this user alone, and deleted when the page ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from colortk.ui.visitor_registry import LOCK

PREFIX = "colortk-ui-"


@contextlib.contextmanager
def page_folder() -> Iterator[Path]:
    """A new folder, which Gradio uses too, deleted at the end with everything in it.

    Folders of pages that were killed outright are deleted first.
    """
    delete_abandoned(Path(tempfile.gettempdir()))
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=PREFIX)))
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
    """Hold the lock that says that the folder is in use; the system drops it with the process."""
    try:
        import fcntl
    except ImportError:  # not on every system; there, abandoned folders stay
        yield
        return
    fresh = folder / f"{LOCK}-new"
    with fresh.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        fresh.rename(folder / LOCK)  # only now: nobody sees it unlocked
        yield


def delete_abandoned(root: Path) -> None:
    """Delete the folders in ``root`` of this user's pages that do not run any more."""
    try:
        import fcntl
    except ImportError:
        return
    for lock in root.glob(f"{PREFIX}*/{LOCK}"):
        folder = lock.parent
        with contextlib.suppress(OSError):  # it is somebody else's, or in use
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
