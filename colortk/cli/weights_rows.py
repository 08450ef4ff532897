"""The rows that ``colortk weights`` prints: a file of weights and its state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from colortk.plugin.spec import ColorizerSpec, MetricSpec
    from colortk.plugin.weights_folder import WeightsFile

COLUMNS = ("plugin", "file", "status", "size", "license", "source")


def all_colorizers() -> list[ColorizerSpec]:
    """Return the declarations of all colorizers, by name."""
    from colortk.plugin.registry import registry
    from colortk.plugin.spec import ColorizerSpec

    declared = sorted(registry().of(ColorizerSpec).items())
    return [plugin.spec for _, plugin in declared if isinstance(plugin.spec, ColorizerSpec)]


def all_metrics() -> list[MetricSpec]:
    """Return the declarations of all metrics, by name."""
    from colortk.plugin.registry import registry
    from colortk.plugin.spec import MetricSpec

    declared = sorted(registry().of(MetricSpec).items())
    return [plugin.spec for _, plugin in declared if isinstance(plugin.spec, MetricSpec)]


def all_weights_files() -> list[WeightsFile]:
    """Return the files that the user has to bring, of all colorizers and metrics."""
    return _external_files([*all_colorizers(), *all_metrics()])


def weights_files(name: str) -> list[WeightsFile]:
    """Return the files that the user has to bring for the colorizer or metric ``name``.

    Raises ``UsageError`` or ``PluginError`` if there is none of this name that can be used.
    """
    from colortk.plugin.weights_folder import weights_name

    specs: list[ColorizerSpec | MetricSpec] = [*all_colorizers(), *all_metrics()]
    named = [spec for spec in specs if name in (spec.name, weights_name(spec))]
    return _external_files(named or [_colorizer(name, specs)])


def _colorizer(name: str, specs: Sequence[ColorizerSpec | MetricSpec]) -> ColorizerSpec:
    """Return the colorizer ``name``; an error for a misspelled name suggests metrics, too."""
    from difflib import get_close_matches

    from colortk.errors import UsageError
    from colortk.plugin.registry import registry

    try:
        return registry().colorizer(name)[1]
    except UsageError as error:
        close = get_close_matches(name, sorted({spec.name for spec in specs}), 1)
        if not close:
            raise
        suggestion = f"did you mean '{close[0]}'?"
        problem = f"no colorizer or metric '{name}'"
        raise UsageError(problem, suggestion, "see: colortk weights list") from error


def _external_files(specs: Sequence[ColorizerSpec | MetricSpec]) -> list[WeightsFile]:
    """Return the files of several plugins; those that metrics share are listed once."""
    from colortk.plugin.weights_folder import external_files

    files = [file for spec in specs for file in external_files(spec)]
    return list({file.path: file for file in files}.values())


def weights_row(file: WeightsFile) -> dict[str, Any]:
    """Return what ``--json`` prints of a file."""
    artifact = file.artifact
    return {
        "plugin": file.plugin,
        "file": artifact.name,
        "status": file.state,
        "bytes": file.bytes_present,
        "size": artifact.size or None,
        "sha256": artifact.sha256,
        "license": artifact.license,
        "urls": list(artifact.urls),
        "path": str(file.path),
    }


def unused_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each file in the folder that belongs to no row.

    A network that was converted from weights is "converted" while an installed plugin declares the
    weights.
    """
    from colortk.plugin.weights_folder import PART, stored_files, stored_plugins
    from colortk.store.conversions import is_conversion

    used = {row["path"] + end for row in rows for end in ("", PART, PART + ".json")}
    folders = {Path(row["path"]).parent for row in rows}

    def is_converted(path: Path) -> bool:
        return is_conversion(path) and path.parent in folders

    return [
        {
            "plugin": plugin, "file": path.name,
            "status": "converted" if is_converted(path) else "unused",
            "bytes": path.lstat().st_size, "size": None, "sha256": "", "license": "", "urls": [],
            "path": str(path),
        }
        for plugin in stored_plugins()
        for path in stored_files(plugin)
        if str(path) not in used
    ]  # fmt: skip


def table_cells(row: dict[str, Any]) -> list[str]:
    """Return the cells of a row, in the order of ``COLUMNS``."""
    from colortk.plugin.weights_folder import size_text

    size, present = row["size"], row["bytes"]
    if row["status"] == "partial" and size:
        text = f"{size_text(present)} of {size_text(size)}"
    else:
        text = size_text(present or size) if present or size else "unknown"
    source = urlsplit(row["urls"][0]).netloc if row["urls"] else "-"
    return [row["plugin"], row["file"], row["status"], text, row["license"] or "-", source]
