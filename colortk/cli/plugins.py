"""``colortk plugins``: list, show, check and create plugins."""

from __future__ import annotations

import dataclasses
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from colortk.cli.common import JSON, WEIGHTS, print_json, print_table, progress
from colortk.cli.output import print_line, print_message
from colortk.cli.plugin_options import OPTIONS
from colortk.plugin.option_docs import split_docstring
from colortk.plugin.option_types import option_fields, plain, type_text

if TYPE_CHECKING:
    from colortk.plugin.spec import ColorizerSpec

KINDS = ("colorizer", "metric", "refiner")


@click.group("plugins", short_help="List, show, check and create plugins.")
def command() -> None:
    """List, show and check installed plugins, or create a new one."""


@command.command("list")
@click.option(
    "--kind",
    default="colorizer",
    show_default=True,
    type=click.Choice(KINDS),
    help="List plugins of this kind.",
)
@JSON
def list_(kind: str, as_json: bool) -> None:
    """List installed plugins.

    A plugin that cannot be used has a row with the reason. The plugin that `run` uses by default is
    marked with (default).
    """
    from colortk.api.plugins import list_plugins

    rows = [dataclasses.asdict(plugin) for plugin in list_plugins(kind)]
    if as_json:
        if kind != "colorizer":
            rows = [{key: row[key] for key in row if key != "default"} for row in rows]
        print_json(rows, indent=1)
    else:
        columns = ["name", "status", "distribution", "summary"]
        for row in rows:
            row["summary"] += " (default)" if row["default"] else ""
        print_table("", columns, ([row[column] for column in columns] for row in rows))


@command.command("show")
@click.argument("name")
@JSON
def show(name: str, as_json: bool) -> None:
    """Show the declaration of a colorizer (options, weights, requirements), metric or refiner."""
    from colortk.plugin.options import train_options_of
    from colortk.plugin.registry import missing_requirements, registry
    from colortk.plugin.spec import ColorizerSpec
    from colortk.plugin.weights_folder import missing_weights, need
    from colortk.store.artifact_manifest import manifest_of
    from colortk.store.artifacts import artifacts_of

    colorizers = registry().of(ColorizerSpec)
    if name not in colorizers:
        if declaration := _metric_or_refiner(name):
            _print_declaration(declaration, as_json)
            return
        registry().colorizer(name)  # raises the error of an unknown or broken plugin
    registered = colorizers[name]
    spec = registered.spec
    assert isinstance(spec, ColorizerSpec)
    train_options = train_options_of(spec)
    artifacts = artifacts_of(spec)
    manifest = manifest_of(artifacts.folder, spec.name)
    row: dict[str, Any] = dataclasses.asdict(
        dataclasses.replace(spec, options=None, train_options=None)
    )
    files = missing_weights(spec)
    row |= {
        "distribution": registered.distribution,
        "version": registered.version,
        "missing": missing_requirements(spec),
        "missing_weights": need(files) if files else None,
        "artifact_digest": artifacts.digest,
        "artifact_bytes": _bytes(spec, manifest),
        "parameters": manifest.get("parameters"),
        "trainable_parameters": manifest.get("trainable_parameters"),
        "options": _options(spec.options),
        "options_doc": split_docstring(spec.options)[0] or None,
        "train_options": _options(train_options),
        "train_options_doc": split_docstring(train_options)[0] or None,
    }
    if spec.bibtex and not as_json:
        row["bibtex"] = f"see: colortk cite {name}"
    _print_declaration(row, as_json)


def _metric_or_refiner(name: str) -> dict[str, Any]:
    """Return the declaration of a metric or refiner, and what offers it; empty if there is none."""
    from colortk.plugin.metric_files import missing_files
    from colortk.plugin.registry import registry
    from colortk.plugin.spec import MetricSpec, RefinerSpec

    for kind in (MetricSpec, RefinerSpec):
        plugin = registry().of(kind).get(name)
        if plugin is not None:
            row = dataclasses.asdict(plugin.spec)
            if isinstance(plugin.spec, MetricSpec):  # JSON has no infinity
                ends = plugin.spec.bounds
                row["bounds"] = [end if math.isfinite(end) else None for end in ends]
                reason = missing_files(plugin.spec)
                row |= {"status": "needs weights" if reason else "ok", "reason": reason}
            return row | {"distribution": plugin.distribution, "version": plugin.version}
    return {}


def _print_declaration(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(row, indent=1)
        return
    for key, value in row.items():
        if key in ("options", "train_options") and value:
            print_line(f"{key}:")
            for option in value:
                print_line(f"  {option['name']}: {_describe(option)}")
        elif value is not None or not key.endswith("_doc"):
            print_line(f"{key + ':':<22}{_text(value)}")


def _describe(option: dict[str, Any]) -> str:
    """Return type, default and description of an option in one line."""
    facts = f"{option['type']}, default {option['default']}"
    return f"{option['doc']} ({facts})" if option["doc"] else facts


def _bytes(spec: ColorizerSpec, manifest: dict[str, Any]) -> int | None:
    """Return the size of all artifacts, if the manifest or the declaration has each."""
    rows = manifest.get("artifacts", {})
    sizes = [rows.get(item.name, {}).get("bytes") or item.size for item in spec.artifacts]
    return sum(sizes) if all(isinstance(size, int) and size for size in sizes) else None


def _options(options: type[Any] | None) -> list[dict[str, Any]]:
    if options is None:
        return []
    defaults, descriptions = options(), split_docstring(options)[1]
    return [
        {
            "name": name,
            "type": type_text(hint),
            "default": plain(getattr(defaults, name)),
            "doc": descriptions.get(name, ""),
        }
        for name, hint in option_fields(options).items()
    ]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_text(v)}" for k, v in value.items() if v is False or v)
    if isinstance(value, (list, tuple)):
        return "; ".join(_text(item) for item in value) or "-"
    return "-" if value is None else str(value) or "-"


@command.command("check", short_help="Run the conformance checks.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--timeout",
    default=120.0,
    show_default=True,
    type=click.FloatRange(0, 86400, min_open=True),
    metavar="SECONDS",
    help="Stop a check that takes longer.",
)
@OPTIONS
@WEIGHTS
@JSON
def check(
    names: tuple[str, ...],
    timeout: float,
    options: tuple[str, ...],
    weights: Path | None,
    as_json: bool,
) -> int:
    """Run the conformance checks on the named plugins, or on all colorizers.

    NAME is a colorizer, metric or refiner. Each is checked in a separate process. The exit code is
    1 if a check failed, 3 if a plugin is broken or lacks a module, and 4 if a named plugin needs
    weights. Without names, plugins that need weights are listed and not checked.
    """
    from colortk.errors import UsageError
    from colortk.plugin.options import parse_options
    from colortk.plugin.registry import registry
    from colortk.plugin.spec import ColorizerSpec
    from colortk.store.artifacts import artifacts_of
    from colortk.testing.checks import check_plugin
    from colortk.testing.isolated_checks import run_checks_isolated

    if (options or weights is not None) and len(names) != 1:
        reason = "they belong to one plugin"
        raise UsageError("--option and --weights need the name of a plugin", reason, "name it")
    chosen, unusable = (list(names), []) if names else _all_colorizers()
    for name in chosen:  # raises before the first check
        spec = registry().find(name).spec
        if not isinstance(spec, ColorizerSpec):
            if options or weights is not None:
                raise UsageError(f"'{name}' takes no --option and no --weights", "leave them out")
        elif names:
            parse_options(spec, options)
            artifacts = artifacts_of(spec, weights)
            artifacts.require()
            if artifacts.foreign:
                print_message(f"note: {artifacts.foreign_note}")
    rows = []
    counts = {name: sum(1 for _ in check_plugin(name)) for name in chosen}
    with progress("checking", sum(counts.values())) as advance:
        for name in chosen:
            for outcome in run_checks_isolated(name, timeout, options, weights):
                rows.append(_check_row(name, outcome.check, outcome.status, outcome.error or ""))
                advance(1)
                counts[name] -= 1
            advance(counts[name])  # a plugin that was stopped gets no more checks
    rows += unusable
    if as_json:
        print_json(rows, indent=1)
    else:
        columns = ["plugin", "check", "status", "reason"]
        print_table("", columns, ([row[column] for column in columns] for row in rows))
    if any(row["status"] == "failed" for row in unusable):
        return 3
    return int(any(row["status"] == "failed" for row in rows))


def _all_colorizers() -> tuple[list[str], list[dict[str, str]]]:
    """Return the colorizers that can be checked, and a row for each one that cannot."""
    from colortk.errors import PluginError
    from colortk.plugin.registry import registry
    from colortk.plugin.spec import ColorizerSpec
    from colortk.plugin.weights_folder import missing_weights, need
    from colortk.testing.check_functions import declaration_is_complete

    usable, reasons, not_run = [], [], []
    for name in sorted(registry().of(ColorizerSpec)):
        try:
            spec = registry().colorizer(name)[1]
        except PluginError as error:  # a module is missing
            reasons.append((name, str(error)))
            continue
        if files := missing_weights(spec):
            not_run.append((name, need(files)))
        else:
            usable.append(name)
    for row in registry().broken:
        reasons.append((row.name, f"broken, of {row.distribution}: {row.stage}: {row.reason}"))
    check = declaration_is_complete.__name__
    rows = [_check_row(name, check, "not run", reason) for name, reason in not_run]
    return usable, rows + [_check_row(name, check, "failed", reason) for name, reason in reasons]


def _check_row(plugin: str, check: str, status: str, reason: str) -> dict[str, str]:
    return {"plugin": plugin, "check": check, "status": status, "reason": reason}


@command.command("new", short_help="Create the package of a new colorizer.")
@click.argument("name")
@click.option(
    "--output",
    "-o",
    default=".",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Create the folder of the package in DIR.",
)
@JSON
def new(name: str, output: Path, as_json: bool) -> None:
    """Create the package of a new colorizer, which can be installed and passes its checks.

    \b
    colortk plugins new my_net
    """
    from colortk.cli.output import print_message
    from colortk.scaffold import new_plugin, write

    plugin = new_plugin(name)
    folder = write(plugin, output)
    if as_json:
        print_json({"folder": str(folder), "files": list(plugin.files())}, indent=1)
        return
    print_message(f"wrote {folder}; write your model in {folder / plugin.package / 'colorizer.py'}")
    quoted_folder = shlex.quote(str(folder))
    print_line(f"pip install -e {shlex.quote(f'{folder}[test]')}")  # the next line needs pytest
    print_line(f"colortk plugins check {name} && python -m pytest {quoted_folder}")
    print_line("colortk compare --all")
