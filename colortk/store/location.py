"""Where the store is: told, or the checkout's ``pickles/``, or the user's data folder."""

from __future__ import annotations

import os
from pathlib import Path

from colortk.errors import UsageError


def store_folder(told: Path | None = None) -> Path:
    """Folder of the store, made if need be.

    ``told`` (``--store``), else ``COLORTK_STORE``, else ``pickles/`` of the checkout that this
    package runs from, else the user's data folder. Raises ``UsageError`` if it cannot be made.
    """
    folder = told or _from_environment() or _checkout() or _user_data()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the store '{folder}' cannot be made",
            error.strerror or str(error),
            "name another with --store",
        ) from error
    return folder


def _from_environment() -> Path | None:
    value = os.environ.get("COLORTK_STORE")
    return Path(value) if value else None


def _checkout() -> Path | None:
    root = Path(__file__).resolve().parents[2]
    here = root / "pickles"
    return here if here.is_dir() and (root / "setup.cfg").is_file() else None


def _user_data() -> Path:
    from platformdirs import user_data_path

    return user_data_path("colortk") / "store"
