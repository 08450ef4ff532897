"""Rows of a leaderboard, grouped by the pictures that they were scored on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from colortk.errors import ColortkError
from colortk.harness.outcome import MAX_CONSECUTIVE_FAILURES
from colortk.harness.plugin_variants import parse_variant
from colortk.harness.records import Key, ResultRow
from colortk.runtime.provenance import film_scores_code

#: A row joins a group if they share this part of the pictures of each.
SHARED = 0.5
#: Failures on a larger share of its pictures keep a row from narrowing a group.
RARELY = 0.1


@dataclass
class Row:
    """What one version of a plugin made, by picture.

    ``when``: it was last run. ``refine``: the refinement of its protocol.
    """

    key: Key
    when: float
    results: dict[str, ResultRow]
    refine: str = "ratio"

    @cached_property
    def pictures(self) -> set[str]:
        """SHA-256 of the pictures that it has scores of, or failed on."""
        return set(self.results)

    @cached_property
    def failed(self) -> set[str]:
        """Those that it failed on."""
        return {picture for picture, row in self.results.items() if row.error is not None}

    @cached_property
    def current(self) -> bool:
        """Whether the code as it is installed now would give these results."""
        now = installed(self.key.plugin, self.refine)
        return now is not None and self.key.code in (now.code, now.code + film_scores_code())

    @cached_property
    def standing(self) -> int:
        """0: the code of now; 1: old code; 2: either, with failures that may explain its gaps."""
        # Who fails again and again is given up: it lacks pictures that nobody chose to leave out.
        few = min(MAX_CONSECUTIVE_FAILURES - 1, RARELY * len(self.pictures))
        if len(self.failed) > few:
            return 2
        return 0 if self.current else 1


@dataclass
class Group:
    """Rows, and the pictures that they are compared on: not every row need have all of them."""

    common: set[str]
    rows: list[Row]


def latest(rows: list[Row]) -> list[Row]:
    """Of every plugin, artifact and options two versions of the code, or one if it is both.

    That of now, else the one last run; and the one with the most pictures.
    """
    kept: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        kept.setdefault((row.key.plugin, row.key.artifact, row.key.options), []).append(row)
    found = []
    for versions in kept.values():
        last = max(versions, key=lambda row: (row.current, row.when))
        largest = max(versions, key=lambda row: len(row.pictures))
        found += [last] if len(last.pictures) == len(largest.pictures) else [last, largest]
    return found


def grouped(rows: list[Row]) -> list[Group]:
    """Rows by the pictures that they were scored on, the largest set first.

    Old code narrows no set of the code of now, and failures none at all. A row is in every group
    whose pictures it has.
    """
    groups: list[Group] = []
    for row in sorted(rows, key=lambda r: (r.standing, -len(r.pictures))):
        for group in groups:
            shared = group.common & row.pictures
            if len(shared) >= SHARED * max(len(group.common), len(row.pictures)):
                if row.standing == group.rows[0].standing < 2:
                    group.common = shared
                group.rows.append(row)
                break
        else:
            groups.append(Group(row.pictures, [row]))
    for group in groups:
        there = {id(row) for row in group.rows}
        group.rows += [r for r in rows if id(r) not in there and group.common <= r.pictures]
    return sorted(groups, key=lambda group: -len(group.common))


def installed(plugin: str, refine: str = "ratio") -> Key | None:
    """The key of a plugin as it is installed now; ``None`` if it is not, or is broken."""
    try:
        return parse_variant(plugin, refine).key
    except ColortkError:
        return None
