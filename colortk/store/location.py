"""Choose the folder of the store."""

from __future__ import annotations

import os
from pathlib import Path

from colortk.errors import UsageError


def store_folder(given_folder: Path | None = None) -> Path:
    """Return the folder of the store, and create it if it does not exist.

    Parameters
    ----------
    given_folder : Path, optional
        The folder of ``--store``. The default is the environment variable ``COLORTK_STORE``, then
        ``pickles/`` of the checkout that this package runs from, then the user's data folder.

    Raises
    ------
    UsageError
        If the folder cannot be created.
    """
    folder = given_folder or _from_environment() or _checkout() or _user_data()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the store '{folder}' cannot be created",
            error.strerror or str(error),
            "choose another folder with --store",
        ) from error
    return folder


def _from_environment() -> Path | None:
    value = os.environ.get("COLORTK_STORE")
    return Path(value) if value else None


def _checkout() -> Path | None:
    root = Path(__file__).resolve().parents[2]
    folder = root / "pickles"
    return folder if folder.is_dir() and (root / "setup.cfg").is_file() else None


def _user_data() -> Path:
    from platformdirs import user_data_path

    return user_data_path("colortk") / "store"
