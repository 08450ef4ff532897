"""``colortk doctor``: check the installation."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from colortk.cli.common import JSON, STORE, print_json, print_table

if TYPE_CHECKING:
    from packaging.requirements import Requirement


@click.command("doctor", short_help="Check the installation.")
@STORE
@JSON
def command(store: Path | None, as_json: bool) -> int:
    """Check the installation: libraries, OpenCV, the store, plugins and their artifacts.

    The exit code is 0 if `colortk run` can work, 4 if an artifact is missing, and 3 otherwise.
    """
    rows = [
        _row("python", True, f"{platform.python_version()}, {sys.platform}, {os.cpu_count()} cores")
    ]
    rows += _libraries()
    rows.append(_gpu())
    rows.append(_opencv())
    rows.append(_store(store))
    rows.append(_weights())
    if rows[-3]["status"] == "ok":  # without OpenCV no plugin can be loaded
        rows += _plugins()
    failures = [row for row in rows if row["status"] == "failed"]
    if as_json:
        print_json(rows, indent=1)
    else:
        print_table(
            "", ["what", "status", "detail"], ([r["what"], r["status"], r["detail"]] for r in rows)
        )
    if any(row["what"].startswith("artifacts") for row in failures):
        return 4
    return 3 if failures else 0


def _row(subject: str, works: bool | None, detail: str) -> dict[str, Any]:
    status = {True: "ok", False: "failed", None: "absent"}[works]
    return {"what": subject, "status": status, "detail": detail}


#: Extras that only the developers of colortk need.
DEVELOPMENT = {"test", "calibrate"}


def _libraries() -> list[dict[str, Any]]:
    """Return a row for each requirement of the installed distribution and of its extras."""
    from packaging.requirements import Requirement

    from colortk.plugin.discover import DISTRIBUTION

    extras = [
        extra
        for extra in metadata(DISTRIBUTION).get_all("Provides-Extra") or []
        if extra not in DEVELOPMENT
    ]
    core: dict[str, Requirement] = {}
    optional: dict[str, tuple[Requirement, list[str]]] = {}
    for text in requires(DISTRIBUTION) or []:
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            core[need.name] = need
            continue
        for extra in extras:
            if need.marker.evaluate({"extra": extra}):
                optional.setdefault(need.name, (need, []))[1].append(extra)
    rows = [_library(need, []) for need in core.values()]
    return rows + [_library(*row) for name, row in optional.items() if name not in core]


def _library(need: Requirement, extras: list[str]) -> dict[str, Any]:
    try:
        installed = version(need.name)
    except PackageNotFoundError:
        if need.name.startswith("opencv") and importlib.util.find_spec("cv2"):
            return _row(need.name, None, "another build of OpenCV is installed")
        if need.name == "onnxruntime" and importlib.util.find_spec("onnxruntime"):
            return _row(need.name, None, "another build of ONNX Runtime is installed")
        hint = f"pip install '{need.name}{need.specifier}'"
        if not extras:
            return _row(need.name, False, hint)
        clone_hint = f"in a clone of colortk: pip install '.[{extras[0]}]'"
        return _row(
            need.name, None, f"optional, for {' and '.join(extras)}: {hint}, or {clone_hint}"
        )
    if need.specifier.contains(installed, prereleases=True):
        return _row(need.name, True, installed)
    mismatch = f"{installed}, needs {need.specifier}"
    return _row(need.name, None if extras else False, mismatch)


def _gpu() -> dict[str, Any]:
    """Return a row with the GPU providers of ONNX Runtime, and with what `--device auto` does."""
    from colortk.errors import ColortkError

    try:
        from colortk.runtime.gpu_providers import LABELS, available_providers, requested_providers
        from colortk.runtime.inference import requested_device

        available = available_providers()
        tried = requested_providers(requested_device())
    except ImportError as error:
        return _row("gpu", None, f"ONNX Runtime cannot be imported: {error}")
    except ColortkError as error:
        return _row("gpu", False, str(error))
    if not available:
        return _row("gpu", None, "ONNX Runtime has no GPU provider: networks run on the processor")
    listed = ", ".join(LABELS[name] for name in available)
    order = ", then ".join(LABELS[name] for name in tried) or "none of them"
    return _row("gpu", True, f"ONNX Runtime has {listed}; networks try {order}")


def _opencv() -> dict[str, Any]:
    from colortk.errors import ColortkError

    try:
        from colortk._opencv import cv2
    except ColortkError as error:
        return _row("import cv2", False, str(error))
    if not hasattr(cv2, "SIFT_create"):
        return _row("import cv2", False, "no SIFT: another OpenCV shadows opencv-contrib-python")
    return _row("import cv2", True, cv2.__version__)


def _store(store: Path | None) -> dict[str, Any]:
    from colortk.errors import ColortkError
    from colortk.store.location import store_folder

    try:
        folder = store_folder(store)
    except ColortkError as error:
        return _row("store", False, str(error))
    if os.access(folder, os.W_OK):
        return _row("store", True, str(folder))
    return _row("store", False, f"'{folder}' is not writable: choose another folder with --store")


def _weights() -> dict[str, Any]:
    from colortk.plugin.weights_folder import weights_folder

    folder = weights_folder()
    if not folder.exists():
        return _row("weights", None, f"'{folder}' is created by: colortk weights get")
    if folder.is_dir() and os.access(folder, os.W_OK):
        return _row("weights", True, str(folder))
    return _row("weights", None, f"'{folder}' is not writable: set COLORTK_WEIGHTS")


def _plugins() -> list[dict[str, Any]]:
    from colortk.errors import ColortkError
    from colortk.plugin.registry import registry
    from colortk.plugin.spec import ColorizerSpec
    from colortk.plugin.weights_folder import missing_weights, need
    from colortk.runtime.loading import PluginRequest, load

    rows = []
    for name, plugin in sorted(registry().of(ColorizerSpec).items()):
        assert isinstance(plugin.spec, ColorizerSpec)
        if files := missing_weights(plugin.spec):
            row = _row(f"plugin {name}", None, need(files))
            rows.append(row | {"status": "needs weights"})
            continue
        try:
            load(PluginRequest(name))
            rows.append(_row(f"plugin {name}", True, "loads"))
        except ColortkError as error:
            subject = "artifacts of" if error.exit_code == 4 else "plugin"
            rows.append(_row(f"{subject} {name}", False, str(error)))
    rows += _metrics()
    rows += [
        _row(f"plugin {plugin.name}", None, f"broken, of {plugin.distribution}: {plugin.reason}")
        for plugin in registry().broken
    ]
    return rows


def _metrics() -> list[dict[str, Any]]:
    """Return a row for each metric whose files are missing."""
    from colortk.plugin.metric_files import missing_files
    from colortk.plugin.registry import registry
    from colortk.plugin.spec import MetricSpec

    reasons = {
        name: missing_files(plugin.spec)
        for name, plugin in sorted(registry().of(MetricSpec).items())
        if isinstance(plugin.spec, MetricSpec)
    }
    return [
        _row(f"metric {name}", None, reason) | {"status": "needs weights"}
        for name, reason in reasons.items()
        if reason
    ]
