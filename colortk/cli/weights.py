"""``colortk weights``: fetch, add, check and delete weights that come with no package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colortk.cli.common import JSON, print_json, print_table
from colortk.cli.output import escape_controls, print_error_line, print_message
from colortk.cli.weights_rows import (
    COLUMNS,
    all_colorizers,
    all_weights_files,
    table_cells,
    unused_rows,
    weights_files,
    weights_row,
)

if TYPE_CHECKING:
    from colortk.plugin.weights_folder import WeightsFile


@click.group("weights", short_help="Fetch and check weights that come with no package.")
def command() -> None:
    """List, fetch, add, check and delete weights that come with no package.

    They lie in the folder that COLORTK_WEIGHTS names, or in the user's data folder. After they
    were fetched, colortk works offline.
    """


@command.command("list")
@JSON
def list_(as_json: bool) -> None:
    """List the weights that colorizers and metrics need besides their packages.

    present: the file is there, with the declared size. partial: its download was stopped. damaged:
    it has another size. converted: a network that was made from weights once. unused: no installed
    plugin declares the file. `colortk weights verify` reads the files.
    """
    rows = [weights_row(file) for file in all_weights_files()]
    rows += unused_rows(rows)
    if as_json:
        print_json(rows, indent=1)
        return
    print_table("", COLUMNS, (table_cells(row) for row in rows))
    if not rows:
        print_message("no installed plugin needs weights besides its package")


@command.command("get")
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Start without a question about the license.")
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0, 3600, min_open=True),
    metavar="SECONDS",
    help="Stop waiting for a server that sends nothing.",
)
@JSON
def get(name: str, yes: bool, timeout: float, as_json: bool) -> None:
    """Download the weights of a colorizer or a metric.

    A download that was stopped is continued. A file gets its name after its size and its SHA-256
    were checked. Proxies are taken from https_proxy and no_proxy. The exit code is 4 if the weights
    are still missing, also because you decline the license.
    """
    from colortk.errors import ArtifactError
    from colortk.plugin.weights_folder import need
    from colortk.store.download import download, is_verified

    files = weights_files(name)
    missing = [file for file in files if not is_verified(file.path, file.artifact)]
    if not missing:
        where = "are there" if files else "come with its package"
        print_message(f"nothing to do: the weights of '{name}' {where}")
    for file in missing:
        if not file.artifact.urls:
            raise ArtifactError(
                f"'{file.artifact.name}' of plugin '{name}' cannot be downloaded",
                "the plugin declares no address",
                need([file]),
            )
    if missing and not yes:
        _ask(missing)
    from colortk.cli.byte_progress import ByteProgress

    for file in missing:
        try:
            with ByteProgress() as events:
                download(file, events, timeout)
        except KeyboardInterrupt:
            print_message("The bytes so far are kept. Run the same command to continue.")
            raise
        print_message(f"{file.artifact.name} is verified and stored: {file.path}")
    if as_json:
        print_json([weights_row(file) for file in files], indent=1)


@command.command("add")
@click.argument("name")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@JSON
def add(name: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Copy files into the folder of weights.

    Their names do not matter: the plugin declares the SHA-256 of each of its files, and a file with
    another one is refused.
    """
    from colortk.errors import UsageError
    from colortk.store.add_weights import add_weights

    declared = weights_files(name)
    if not declared:
        reason = "its weights come with its package, or it has none"
        raise UsageError(f"plugin '{name}' needs no weights", reason)
    is_colorizer = any(spec.name == name for spec in all_colorizers())
    rows = []
    for source in files:
        file = add_weights(name, declared, source, is_colorizer)
        print_message(f"{file.artifact.name} is verified and stored: {file.path}")
        if file.artifact.license:
            print_message(f"license: {file.artifact.license}")
        rows.append(weights_row(file))
    if as_json:
        print_json(rows, indent=1)


@command.command("remove")
@click.argument("name")
@JSON
def remove(name: str, as_json: bool) -> None:
    """Delete the weights of a plugin, also of one that is not installed any more."""
    from colortk.plugin.weights_folder import stored_plugins
    from colortk.store.add_weights import remove_weights

    names = {name}
    if name not in stored_plugins():  # raises for a name that is misspelled
        names |= {file.plugin for file in weights_files(name)}
    paths = [path for folder in sorted(names) for path in remove_weights(folder)]
    if as_json:
        print_json([str(path) for path in paths], indent=1)
    else:
        count = f"{len(paths)} file{'' if len(paths) == 1 else 's'}"
        print_message(f"deleted {count} of '{name}'" if paths else f"'{name}' has no weights here")


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@JSON
def verify(names: tuple[str, ...], as_json: bool) -> int:
    """Read the weights of the named plugins, or of all, and compare size and SHA-256.

    The exit code is 4 if a file is damaged, or if a file of a named plugin is missing.
    """
    from colortk.store.download import is_verified

    rows, wrong = [], False
    files = [file for name in names for file in weights_files(name)]
    for file in files if names else all_weights_files():
        row = weights_row(file)
        if row["status"] == "present":
            row["status"] = "verified" if is_verified(file.path, file.artifact) else "damaged"
        wrong |= row["status"] == "damaged" or (bool(names) and row["status"] != "verified")
        rows.append(row)
    if as_json:
        print_json(rows, indent=1)
    else:
        print_table("", COLUMNS, (table_cells(row) for row in rows))
    for row in rows:
        if row["status"] == "damaged":
            hint = f"colortk weights get {row['plugin']}"
            print_message(f"'{row['path']}' is damaged: its size or SHA-256 is wrong ({hint})")
    return 4 if wrong else 0


def _ask(files: list[WeightsFile]) -> None:
    """Show license and source of files, and ask once whether to download them.

    Raises
    ------
    UsageError
        If nobody can be asked.
    ArtifactError
        If the user declines: the weights are still missing.
    """
    from colortk.errors import ArtifactError, UsageError
    from colortk.plugin.weights_folder import size_text

    license_text = "; ".join(dict.fromkeys(f.artifact.license or "not stated" for f in files))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"the license of the weights of '{files[0].plugin}' was not accepted",
            f"license: {license_text}; nobody can be asked without a terminal",
            "add --yes to accept it",
        )
    for file in files:
        artifact = file.artifact
        size = size_text(artifact.size) if artifact.size else "unknown size"
        print_error_line(f"{artifact.name}, {size}")
        print_error_line(f"  license: {artifact.license or 'not stated by the plugin'}")
        for url in artifact.urls:
            print_error_line(f"  source: {url}")
    names = ", ".join(file.artifact.name for file in files)
    if not click.confirm(escape_controls(f"Download {names}?"), default=False, err=True):
        raise ArtifactError(
            f"plugin '{files[0].plugin}' still has no weights",
            "the license was not accepted, and nothing was downloaded",
            "run the same command again to accept it",
        )
