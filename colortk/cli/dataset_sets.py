"""``colortk datasets list`` and ``verify``: the sets of pictures that papers use."""

from __future__ import annotations

from pathlib import Path

import click

from colortk.cli.common import JSON, print_json, print_table
from colortk.cli.output import print_line


@click.command("list", short_help="List the sets of pictures that papers use.")
@JSON
def list_command(as_json: bool) -> None:
    """List the sets of pictures that papers on colorization score, with number and crop."""
    from colortk.harness.standard_sets import STANDARD_SETS

    if as_json:
        print_json(
            [
                {
                    "name": item.name,
                    "label": item.label,
                    "pictures": item.count,
                    "names_sha256": item.names_sha256 or None,
                    "crop": item.crop,
                    "source": item.source,
                }
                for item in STANDARD_SETS.values()
            ],
            indent=1,
        )
        return
    rows = [
        [item.name, f"{item.count:,}", item.names_sha256[:12] or "not known", item.crop]
        for item in STANDARD_SETS.values()
    ]
    print_table(
        "sets of pictures", ["name", "pictures", "SHA-256 of names", "crop in papers"], rows
    )


@click.command("verify", short_help="Check that a folder holds a set that papers use.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--set", "name", metavar="NAME", help="Compare with this set. [default: the likely one]"
)
@JSON
def verify_command(folder: Path, name: str | None, as_json: bool) -> int:
    """Check that the pictures in DIR and its subfolders are a set that papers use.

    Numbers and file names are compared, not the content of the files. Exit code 1: they differ.

    \b
    colortk datasets verify imagenet/val5k/
    colortk datasets verify pictures/ --set ade20k-val
    """
    from colortk.errors import UsageError
    from colortk.harness.json_values import to_json_value
    from colortk.harness.standard_sets import STANDARD_SETS, check_set, likely_set
    from colortk.io.discovery import find_pictures

    known = f"known: {', '.join(STANDARD_SETS)}"
    if name is not None and name not in STANDARD_SETS:
        raise UsageError(f"no set '{name}'", known, "see: colortk datasets list")
    names = [path.name for path in find_pictures(folder)]
    item = STANDARD_SETS[name] if name is not None else likely_set(names)
    if item is None:
        raise UsageError(
            f"the {len(names):,} pictures in '{folder}' resemble no known set", known,
            "name one with --set",
        )  # fmt: skip
    check = check_set(item, names)
    if as_json:
        print_json(to_json_value(check), indent=1)
        return 1 if check.matches is False else 0
    verdict = {
        True: f"'{folder}' is {item.label}: {check.found:,} pictures with the names of the set",
        None: f"'{folder}' has as many pictures as {item.label}, {check.found:,}; the names of the"
        " set are not known to colortk",
        False: f"'{folder}' is not {item.label}: {check.found:,} pictures, and the set has"
        f" {check.expected:,}",
    }[check.matches]
    if check.matches is False and check.found == check.expected:
        verdict = f"'{folder}' is not {item.label}: other file names"
    print_line(verdict)
    for word, some in (("missing", check.missing), ("not in the set", check.unexpected)):
        if some:
            print_line(f"{word}: {', '.join(some)}, …" if len(some) > 1 else f"{word}: {some[0]}")
    print_line(f"crop in papers: {item.crop}")
    print_line(f"source: {item.source}")
    return 1 if check.matches is False else 0
