"""Boards of plugins that were scored on the same pictures, from the stored results."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import Notice, UsageError
from colortk.harness.board import Board, BoardRow
from colortk.harness.duplicate_pixels import duplicate_pixels
from colortk.harness.films.film_variants import OPTION, ORIGINAL, steadied_label
from colortk.harness.leaderboard_groups import BoardEntry, Group, grouped, installed, latest
from colortk.harness.protocol import leaves_gray_out, near_gray_of
from colortk.harness.records import Key, MetricInfo, PictureRow
from colortk.harness.result_table import ResultTable
from colortk.harness.results import Results
from colortk.harness.runner import metric_digests
from colortk.harness.score_table import HEADLINE, RANKING
from colortk.harness.second_predictions import summarize_repeats
from colortk.harness.statistics import summaries
from colortk.harness.summary_rows import (
    ProtocolInfo,
)
from colortk.harness.table_marks import Mark, marks
from colortk.harness.verdicts import verdicts
from colortk.plugin.registry import registry
from colortk.plugin.spec import MetricSpec
from colortk.runtime.provenance import snapshot
from colortk.types import Float64

#: Pictures that a board names, so that a reader can recognize its set.
MAX_NAMES = 3


def boards(
    results: Results, requested_protocol: str | None = None, marked: bool = False
) -> list[Board]:
    """Return every board.

    If several versions of a plugin's code were run, a board shows the installed version, or else
    the version that was run last. It also shows the version with the most pictures. A row is on
    every board of which it has all pictures. A row of old code, or with failures, may lack some
    pictures; then it has no rank. Scores of metrics whose code has changed are left out. So are
    results of a comparison that was stopped, still runs, or has given the plugin up, with a
    :class:`~colortk.errors.Notice`.

    Parameters
    ----------
    results : Results
        The store.
    requested_protocol : str, optional
        Name of a protocol, or the beginning of its hash: only boards of this protocol.
    marked : bool
        Mark the best and the second best plugins by each metric.

    Raises
    ------
    UsageError
        If there are no results of the protocol.
    """
    with snapshot():  # Several rows look up the code of the same plugin.
        return _boards(results, requested_protocol, marked)


def _boards(results: Results, requested_protocol: str | None, marked: bool) -> list[Board]:
    protocols = results.protocols()
    chosen = [
        h
        for h, d in protocols.items()
        if requested_protocol is None
        or d["name"] == requested_protocol
        or h.startswith(requested_protocol)
    ]
    if requested_protocol is not None and not chosen:
        # A name may contain commas.
        protocol_names = ", ".join(sorted({f"'{d['name']}'" for d in protocols.values()})) or "none"
        raise UsageError(
            f"no results of protocol '{requested_protocol}'", f"there are: {protocol_names}"
        )
    codes = metric_digests(registry().metrics() | registry().metrics(films=True))
    specs = {
        name: plugin.spec
        for name, plugin in registry().of(MetricSpec).items()
        if isinstance(plugin.spec, MetricSpec) and plugin.spec.takes != "set"
    }
    all_boards: list[Board] = []
    for protocol in chosen:
        pictures = results.pictures(protocol)
        films = "frames" in protocols[protocol]
        rows = [
            BoardEntry(key, when, table, protocols[protocol]["refine"])
            for key, _, when in results.keys(protocol)
            if key.plugin != ORIGINAL and (table := _finished(results, protocol, key, codes))
        ]
        for group in grouped(latest(rows)):
            board = _board(group, pictures, protocol, protocols[protocol], specs, films, marked)
            all_boards.append(board)
    return all_boards


def _finished(results: Results, protocol: str, key: Key, codes: dict[str, str]) -> ResultTable:
    """Return the results of a plugin without those of comparisons that have not ended."""
    table = results.results(protocol, key, codes)
    planned = results.unfinished(protocol, key)
    left_out = planned & table.keys()
    if not left_out:
        return table
    current = BoardEntry(key, 0.0, table, results.protocols()[protocol]["refine"]).current
    failures = len(left_out & table.failed)
    reason = "their comparison was stopped, or still runs"
    advice = "run the same `colortk compare` again to finish it"
    if failures:
        reason += f", or gave the plugin up: {failures:,} failed"
        advice += ", with --retry to repeat what failed"
    if not current:
        advice = "the code of the plugin has changed since"
    warnings.warn(
        Notice(
            f"{_label(key)}: {len(left_out):,} of {len(planned):,} results are left out, because"
            f" {reason}; {advice}"
        ),
        stacklevel=2,
    )
    return results.results(protocol, key, codes, table.keys() - left_out)


def _board(
    group: Group,
    pictures: dict[str, PictureRow],
    protocol_hash: str,
    definition: dict[str, Any],
    specs: dict[str, MetricSpec],
    films: bool,
    marked: bool,
) -> Board:
    rows, limit = group.rows, near_gray_of(definition)
    group.common = group.common.difference(duplicate_pixels(sorted(group.common), pictures))
    gray = {p for p in group.common if p in pictures and pictures[p].chroma < limit}
    if leaves_gray_out(definition):
        group.common -= gray
    common = sorted(group.common)
    metrics = [m for m in HEADLINE if m in specs]
    metrics += [m for m, spec in specs.items() if films and spec.takes == "film"]
    of_color = set(metrics)
    if not leaves_gray_out(definition):
        of_color = {m for m in metrics if specs[m].chroma or (films and specs[m].needs_reference)}
    tables = {m: _table(rows, common, m, gray if m in of_color else set()) for m in metrics}
    scored = [m for m in metrics if not np.isnan(tables[m]).all()] or metrics
    ordered = [m for m in scored if specs[m].higher_is_better is not None] or scored
    lead = next(m for m in (*RANKING, *ordered) if m in ordered)
    verdict = verdicts(tables[lead], specs[lead].higher_is_better, bounds=specs[lead].bounds)
    means = {m: summaries(tables[m], specs[m].bounds) for m in metrics}
    best = {m: _marks(tables[m], specs[m]) for m in metrics} if marked else {}
    board_rows = []
    for k in verdict.order:
        row = rows[k]
        board_rows.append(
            BoardRow(
                rank=verdict.ranks[k],
                group=verdict.letters[k],
                n=verdict.counts[k],
                name=_label(row.key),
                artifact=row.key.artifact,
                code=hashlib.sha256(row.key.code.encode()).hexdigest(),
                current=row.current,
                means={m: mean for m in metrics if (mean := means[m][k]) is not None},
                pictures=len(group.common & row.pictures),
                failed=len(group.common & row.failed),
                repeats=summarize_repeats(
                    row.results.repeats_of(row.results.rows_of(group.common & row.pictures))
                ),
                when=row.when,
                marks={m: best[m][k] for m in metrics} if marked else None,
            )
        )
    names = sorted(Path(pictures[p].name).name for p in common if p in pictures)
    return Board(
        protocol=ProtocolInfo(definition["name"], protocol_hash),
        kind="films" if films else "pictures",
        images=len(common),
        gray_originals=sorted(Path(pictures[p].name).name for p in gray),
        gray_rule="left out" if leaves_gray_out(definition) else "left out of metrics of color",
        comparisons=verdict.comparisons,
        family=[],
        set=hashlib.sha256("\n".join(common).encode()).hexdigest(),
        names=names[:MAX_NAMES],
        ranking_metric=lead,
        metrics={m: MetricInfo.of(specs[m]) for m in metrics},
        plugins=board_rows,
    )


def _marks(table: Float64, spec: MetricSpec) -> list[Mark]:
    return marks(verdicts(table, spec.higher_is_better, bounds=spec.bounds))


def _table(
    rows: Sequence[BoardEntry], common: Sequence[str], metric: str, skipped: set[str]
) -> Float64:
    columns = [row.results.scores(metric, row.results.rows_of(common)) for row in rows]
    table = np.stack(columns, 1)
    if skipped:
        table[[picture in skipped for picture in common]] = np.nan
    return table


def _label(key: Key) -> str:
    """Return the label that ``compare -p`` takes; weights are named by their digest."""
    current = installed(key.plugin)
    defaults = json.loads(current.options) if current is not None else {}
    changed = {n: v for n, v in json.loads(key.options).items() if defaults.get(n) != v}
    steadied = steadied_label(changed.pop(OPTION, None))
    text = ",".join(f"{n.removeprefix('host ')}={v}" for n, v in changed.items())
    label = f"{key.plugin}:{text}" if text else key.plugin
    if key.artifact and (current is None or current.artifact != key.artifact):
        label += f"@{key.artifact[:8]}"
    return label + steadied
