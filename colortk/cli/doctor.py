"""``colortk doctor``: what works on this machine and what does not."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import click

from colortk.cli.common import JSON, print_json, table


@click.command("doctor", short_help="Say what works on this machine and what does not.")
@click.option(
    "--store", type=click.Path(path_type=Path), metavar="DIR", help="Where pickles are kept."
)
@JSON
def command(store: Path | None, as_json: bool) -> int:
    """Check the installation: libraries, OpenCV, store, plugins and their artifacts.

    Exit code 0 if `colortk run` can work, 3 or 4 if not.
    """
    rows = [
        _row("python", True, f"{platform.python_version()}, {sys.platform}, {os.cpu_count()} cores")
    ]
    rows += _libraries()
    rows.append(_opencv())
    rows.append(_store(store))
    if rows[-2]["status"] == "ok":  # without OpenCV nothing else can be tried
        rows += _plugins()
    bad = [row for row in rows if row["status"] == "failed"]
    if as_json:
        print_json(rows, indent=1)
    else:
        table(
            "", ["what", "status", "detail"], ([r["what"], r["status"], r["detail"]] for r in rows)
        )
    if any(row["what"].startswith("artifacts") for row in bad):
        return 4
    return 3 if bad else 0


def _row(what: str, works: bool | None, detail: str) -> dict[str, Any]:
    status = {True: "ok", False: "failed", None: "absent"}[works]
    return {"what": what, "status": status, "detail": detail}


def _libraries() -> list[dict[str, Any]]:
    from packaging.requirements import Requirement

    from colortk.host import DISTRIBUTION

    rows = []
    for text in requires(DISTRIBUTION) or []:
        need = Requirement(text)
        extra = str(need.marker).partition("extra ==")[2].strip(" \"'") if need.marker else ""
        if extra == "test":
            continue
        try:
            found = version(need.name)
            fits = need.specifier.contains(found, prereleases=True)
            rows.append(
                _row(need.name, fits, found if fits else f"{found}, wanted {need.specifier}")
            )
        except PackageNotFoundError:
            if need.name.startswith("opencv") and importlib.util.find_spec("cv2"):
                rows.append(_row(need.name, None, "another build of OpenCV is installed"))
                continue
            hint = (
                f"pip install '{DISTRIBUTION}[{extra}]'"
                if extra
                else f"pip install '{need.name}{need.specifier}'"
            )
            rows.append(_row(need.name, None if extra else False, hint))
    return rows


def _opencv() -> dict[str, Any]:
    from colortk.errors import ColortkError

    try:
        from colortk._cv import cv2
    except ColortkError as error:
        return _row("import cv2", False, str(error))
    if not hasattr(cv2, "SIFT_create"):
        return _row("import cv2", False, "no SIFT: another OpenCV shadows opencv-contrib-python")
    return _row("import cv2", True, cv2.__version__)


def _store(told: Path | None) -> dict[str, Any]:
    from colortk.errors import ColortkError
    from colortk.store.location import store_folder

    try:
        folder = store_folder(told)
    except ColortkError as error:
        return _row("store", False, str(error))
    return _row("store", os.access(folder, os.W_OK), str(folder))


def _plugins() -> list[dict[str, Any]]:
    from colortk.errors import ColortkError
    from colortk.host import registry
    from colortk.loading import Request, load
    from colortk.spec import ColorizerSpec

    rows = []
    for name in sorted(registry().of(ColorizerSpec)):
        try:
            load(Request(name))
            rows.append(_row(f"plugin {name}", True, "loads"))
        except ColortkError as error:
            what = "artifacts of" if error.exit_code == 4 else "plugin"
            rows.append(_row(f"{what} {name}", False, str(error)))
    rows += [
        _row(f"plugin {b.name}", None, f"broken, of {b.distribution}: {b.reason}")
        for b in registry().broken
    ]
    return rows
