"""Remember which pictures a comparison has planned, until it ends.

A comparison that is stopped has results of a part of its pictures. So has a plugin that was given
up after failures. Until the same comparison ends with all results, the leaderboard leaves these
results out: otherwise they would reduce the pictures on which other plugins are compared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from colortk.harness.records import Key
from colortk.harness.results_file import transaction

if TYPE_CHECKING:
    from colortk.harness.plugin_variants import PluginVariant
    from colortk.harness.sources import Source

_MATCHES = "protocol = ? AND plugin = ? AND artifact = ? AND options = ? AND code = ?"


def planned_pictures(
    todo: Iterable[tuple[Source, Sequence[PluginVariant]]],
    stored: Mapping[str, Collection[str]],
) -> dict[Key, list[str]]:
    """Return the pictures without a result, by version of the plugin.

    Parameters
    ----------
    todo : iterable of (Source, sequence of PluginVariant)
        Pictures, and the plugins that must run on them.
    stored : mapping of str to collection of str
        By label of the plugin, the SHA-256 of the originals that have a result.
    """
    planned: dict[Key, list[str]] = {}
    for source, variants in todo:
        for variant in variants:
            if source.picture not in stored[variant.label]:
                planned.setdefault(variant.key, []).append(source.picture)
    return planned


def finished_keys(variants: Iterable[PluginVariant], skipped: Container[str]) -> list[Key]:
    """Return the keys of the plugins that a comparison ends for.

    Parameters
    ----------
    variants : iterable of PluginVariant
        Its plugins.
    skipped : container of str
        Labels of the plugins that were not run on all of its pictures.
    """
    variants = list(variants)
    unfinished = {variant.key for variant in variants if variant.label in skipped}
    return [variant.key for variant in variants if variant.key not in unfinished]


def write_planned(
    db: sqlite3.Connection, protocol_hash: str, planned: Mapping[Key, Sequence[str]]
) -> None:
    """Store planned pictures (SHA-256 of the originals) by version of the plugin."""
    with transaction(db):
        for key, pictures in planned.items():
            where = (protocol_hash, *_values(key))
            db.execute(
                "INSERT OR IGNORE INTO unfinished (protocol, plugin, artifact, options, code)"
                " VALUES (?, ?, ?, ?, ?)",
                where,
            )
            (number,) = db.execute(f"SELECT id FROM unfinished WHERE {_MATCHES}", where).fetchone()
            db.executemany(
                "INSERT OR IGNORE INTO planned VALUES (?, ?)",
                ((number, picture) for picture in pictures),
            )


def read_planned(db: sqlite3.Connection, protocol_hash: str, key: Key) -> set[str]:
    """Return the pictures of a plugin that a comparison has planned and that has not ended."""
    rows = db.execute(
        "SELECT picture FROM planned JOIN unfinished ON unfinished.id = planned.version"
        f" WHERE {_MATCHES}",
        (protocol_hash, *_values(key)),
    )
    return {picture for (picture,) in rows}


def delete_planned(
    db: sqlite3.Connection, protocol_hash: str, keys: Iterable[Key], pictures: Collection[str]
) -> None:
    """Remove pictures whose comparison has ended."""
    numbers = [
        row
        for key in keys
        for row in db.execute(
            f"SELECT id FROM unfinished WHERE {_MATCHES}", (protocol_hash, *_values(key))
        )
    ]
    if not numbers:  # nothing to write, which a read-only file would refuse
        return
    with transaction(db):
        for (number,) in numbers:
            db.executemany(
                "DELETE FROM planned WHERE version = ? AND picture = ?",
                ((number, picture) for picture in pictures),
            )
        db.execute("DELETE FROM unfinished WHERE id NOT IN (SELECT version FROM planned)")


def _values(key: Key) -> tuple[str, str, str, str]:
    return key.plugin, key.artifact, key.options, key.code
