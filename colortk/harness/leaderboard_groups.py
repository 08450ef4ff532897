"""Group the rows of a leaderboard by the pictures that they were scored on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from colortk.errors import ColortkError
from colortk.harness.outcome import MAX_CONSECUTIVE_FAILURES
from colortk.harness.plugin_variants import parse_variant
from colortk.harness.records import Key
from colortk.harness.result_table import ResultTable
from colortk.runtime.provenance import film_scores_code

#: A row joins a group if they have this share of the pictures of each in common.
MIN_COMMON_SHARE = 0.5
#: A row with failures on a larger share of its pictures does not reduce the pictures of a group.
RARE_SHARE = 0.1


@dataclass
class BoardEntry:
    """Results of one version of a plugin.

    Parameters
    ----------
    key : Key
        The version: plugin, weights, options, code.
    when : float
        Time of its last run, in seconds since 1970.
    results : ResultTable
        By SHA-256 of the original.
    refine : str
        The refinement of its protocol.
    """

    key: Key
    when: float
    results: ResultTable
    refine: str = "ratio"

    @cached_property
    def pictures(self) -> set[str]:
        """SHA-256 of the pictures that the plugin ran on, failures included."""
        return set(self.results)

    @cached_property
    def failed(self) -> set[str]:
        """SHA-256 of the pictures that the plugin failed on."""
        return self.results.failed

    @cached_property
    def current(self) -> bool:
        """Whether the installed code would give these results."""
        now = installed(self.key.plugin, self.refine)
        return now is not None and self.key.code in (now.code, now.code + film_scores_code())

    @cached_property
    def standing(self) -> int:
        """0 for the installed code, 1 for old code, 2 if failures may explain missing pictures."""
        # A plugin that fails repeatedly gets no more pictures, so that its row lacks some pictures.
        max_failures = min(MAX_CONSECUTIVE_FAILURES - 1, RARE_SHARE * len(self.pictures))
        if len(self.failed) > max_failures:
            return 2
        return 0 if self.current else 1


@dataclass
class Group:
    """Rows, and the pictures that they are compared on; a row may lack some of these."""

    common: set[str]
    rows: list[BoardEntry]


def latest(rows: list[BoardEntry]) -> list[BoardEntry]:
    """Select at most two versions of every plugin with the same weights and options.

    These are the installed version, or else the last one that was run, and the version with the
    most pictures.
    """
    entries_by_plugin: dict[tuple[str, str, str], list[BoardEntry]] = {}
    for row in rows:
        entries_by_plugin.setdefault(
            (row.key.plugin, row.key.artifact, row.key.options), []
        ).append(row)
    rows_kept = []
    for versions in entries_by_plugin.values():
        last = max(versions, key=lambda row: (row.current, row.when))
        largest = max(versions, key=lambda row: len(row.pictures))
        rows_kept += [last] if len(last.pictures) == len(largest.pictures) else [last, largest]
    return rows_kept


def grouped(rows: list[BoardEntry]) -> list[Group]:
    """Group rows by the pictures that they were scored on, the largest set first.

    Rows of old code do not reduce the pictures of rows of the installed code, and rows with
    failures do not reduce any. A row is in every group whose pictures it has.
    """
    groups: list[Group] = []
    for row in sorted(rows, key=lambda r: (r.standing, -len(r.pictures))):
        for group in groups:
            shared = group.common & row.pictures
            if len(shared) >= MIN_COMMON_SHARE * max(len(group.common), len(row.pictures)):
                if row.standing == group.rows[0].standing < 2:
                    group.common = shared
                group.rows.append(row)
                break
        else:
            groups.append(Group(row.pictures, [row]))
    for group in groups:
        present = {id(row) for row in group.rows}
        group.rows += [r for r in rows if id(r) not in present and group.common <= r.pictures]
    return sorted(groups, key=lambda group: -len(group.common))


def installed(plugin: str, refine: str = "ratio") -> Key | None:
    """Return the key of the installed plugin; ``None`` if it is missing or broken."""
    try:
        return parse_variant(plugin, refine).key
    except ColortkError:
        return None
