"""What the store holds, as boards of plugins that were scored on the same pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk.digests import film_digest
from colortk.errors import ColortkError, UsageError
from colortk.harness.comparison import HEADLINE, LEAD
from colortk.harness.entries import entry
from colortk.harness.films.rows import OPTION, ORIGINAL, STEADIED
from colortk.harness.records import Key, PictureRow, ResultRow
from colortk.harness.results import Results
from colortk.harness.runner import metric_codes
from colortk.harness.statistics import Float64, ranks
from colortk.host import registry
from colortk.spec import MetricSpec

#: A plugin joins a board if it leaves this share of the board's pictures.
SHARED = 0.5


@dataclass
class _Row:
    key: Key
    when: float
    results: dict[str, ResultRow]


def boards(results: Results, wanted: str | None = None) -> list[dict[str, Any]]:
    """Every board, as ``--json`` prints it; ``wanted``: name or hash of one protocol.

    Of several versions of one plugin's code the one last run counts, and the one with the most
    pictures if that is another. Scores of metrics whose code has changed are left out. Raises
    ``UsageError`` if there are no results of the protocol.
    """
    protocols = results.protocols()
    chosen = [
        h
        for h, d in protocols.items()
        if wanted is None or d["name"] == wanted or h.startswith(wanted)
    ]
    if wanted is not None and not chosen:
        known = ", ".join(sorted(d["name"] for d in protocols.values())) or "none"
        raise UsageError(f"no results of protocol '{wanted}'", f"there are: {known}")
    codes = metric_codes(registry().of(MetricSpec))
    specs = {
        name: found.spec
        for name, found in registry().of(MetricSpec).items()
        if isinstance(found.spec, MetricSpec)
    }
    found = []
    for protocol in chosen:
        pictures = results.pictures(protocol)
        films = "frames" in protocols[protocol]
        rows = [
            _Row(key, when, results.results(protocol, key, codes))
            for key, _, when in results.keys(protocol)
            if key.plugin != ORIGINAL
        ]
        for group in _groups(_versions(rows)):
            board = _board(group, pictures, protocols[protocol]["near_grey"], specs, films)
            name = protocols[protocol]["name"]
            kind = "films" if films else "pictures"
            found.append({"protocol": {"name": name, "hash": protocol}, "kind": kind} | board)
    return found


def _versions(rows: list[_Row]) -> list[_Row]:
    """Of every plugin, artifact and options the last code and the one with the most pictures."""
    kept: dict[tuple[str, str, str], list[_Row]] = {}
    for row in rows:
        kept.setdefault((row.key.plugin, row.key.artifact, row.key.options), []).append(row)
    found = []
    for versions in kept.values():
        last = max(versions, key=lambda row: row.when)
        largest = max(versions, key=lambda row: len(row.results))
        found += [last] if len(last.results) == len(largest.results) else [last, largest]
    return found


def _groups(rows: list[_Row]) -> list[list[_Row]]:
    """Plugins by the pictures that they were scored on, the largest set first."""
    groups: list[tuple[set[str], list[_Row]]] = []
    for row in sorted(rows, key=lambda r: -len(r.results)):
        mine = set(row.results)
        for place, (common, members) in enumerate(groups):
            if len(common & mine) >= SHARED * len(common):
                groups[place] = (common & mine, [*members, row])
                break
        else:
            groups.append((mine, [row]))
    return [members for _, members in groups]


def _board(
    rows: list[_Row],
    pictures: dict[str, PictureRow],
    near_grey: float,
    specs: dict[str, MetricSpec],
    films: bool,
) -> dict[str, Any]:
    common = sorted(set.intersection(*(set(row.results) for row in rows)))
    metrics = [m for m in HEADLINE if m in specs]
    metrics += [m for m, spec in specs.items() if films and spec.takes == "film"]
    grey = {p for p in common if p in pictures and pictures[p].chroma < near_grey}
    colour = {m for m in metrics if specs[m].chroma or (films and specs[m].needs_reference)}
    tables = {m: _table(rows, common, m, grey if m in colour else set()) for m in metrics}
    scored = [m for m in metrics if not np.isnan(tables[m]).all()] or metrics
    ordered = [m for m in scored if specs[m].higher_is_better is not None] or scored
    lead = LEAD if LEAD in ordered else ordered[0]
    better = specs[lead].higher_is_better
    placed = [None] * len(rows) if better is None else ranks(tables[lead], better)
    sign = -1 if better else 1
    listed: list[dict[str, Any]] = []
    for k, row in enumerate(rows):
        means = {
            m: float(np.nanmean(t[:, k])) for m, t in tables.items() if not np.isnan(t[:, k]).all()
        }
        listed.append(
            {
                "rank": placed[k],
                "name": _label(row.key),
                "artifact": row.key.artifact,
                "current": _current(row.key),
                "metrics": means,
                "pictures": len(row.results),
                "failed": sum(row.results[p].error is not None for p in common),
                "when": row.when,
            }
        )
    listed.sort(key=lambda r: (r["rank"] or len(rows) + 1, sign * r["metrics"].get(lead, 0.0)))
    heads = [{"name": m, "heading": specs[m].heading, "digits": specs[m].digits} for m in metrics]
    return {"images": len(common), "lead": lead, "metrics": heads, "plugins": listed}


def _table(rows: Sequence[_Row], common: Sequence[str], metric: str, skipped: set[str]) -> Float64:
    table = np.full((len(common), len(rows)), np.nan)
    for i, picture in enumerate(common):
        for k, row in enumerate(rows):
            if picture not in skipped:
                result = row.results[picture]
                if result.error is None:
                    table[i, k] = result.values.get(metric, np.nan)
    return table


def _label(key: Key) -> str:
    """As ``compare -p`` names it; weights that are not the plugin's own by their digest."""
    now = _now(key.plugin)
    usual = json.loads(now.options) if now is not None else {}
    told = {n: v for n, v in json.loads(key.options).items() if usual.get(n) != v}
    steadied = STEADIED if told.pop(OPTION, None) else ""
    text = ",".join(f"{n.removeprefix('host ')}={v}" for n, v in told.items())
    label = f"{key.plugin}:{text}" if text else key.plugin
    if now is not None and now.artifact != key.artifact:
        label += f"@{key.artifact[:8]}"
    return label + steadied


def _current(key: Key) -> bool:
    """Whether the code as it is installed now would give these results."""
    now = _now(key.plugin)
    return now is not None and key.code in (now.code, now.code + film_digest()[:16])


def _now(plugin: str) -> Key | None:
    try:
        return entry(plugin).key
    except ColortkError:
        return None
