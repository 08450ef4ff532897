"""Results in columns give back the rows that were put in, and their columns and records."""

from __future__ import annotations

import json

import numpy as np
import pytest

from colortk.harness.json_values import json_pieces, to_json_value
from colortk.harness.records import FeatureVector, Key, Repeat, ResultRow
from colortk.harness.result_table import ResultTable
from test_comparison import compared

KEY = Key("plugin", "", "{}", "code")


def random_row(rng: np.random.Generator, picture: str) -> ResultRow:
    """Return a row in which anything may be missing."""
    row = ResultRow(picture, KEY, version=str(rng.integers(3)))
    for name in ("lpips", "psnr", "ssim"):
        kind = rng.integers(3)
        if kind == 0:
            row.values[name] = float(rng.normal())
        elif kind == 1:
            row.errors[name] = f"no {name}"
    row.seconds, row.host_seconds = rng.random(2).tolist()
    row.peak_memory = int(rng.integers(10**12)) if rng.integers(2) else None
    row.error = "it broke" if not rng.integers(4) else None
    row.limit = 3.5 if not rng.integers(4) else None
    row.repeat = Repeat(0.5, 0.25) if not rng.integers(4) else None
    row.sealed = {"files": bool(rng.integers(2))} if rng.integers(2) else None
    row.features = {"f": FeatureVector(str(rng.integers(2)), b"")} if rng.integers(2) else {}
    return row


@pytest.mark.parametrize("seed", range(3))
def test_a_table_is_a_dictionary_of_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows: dict[str, ResultRow] = {}
    table = ResultTable(KEY)
    for _ in range(200):  # later rows replace earlier ones
        row = random_row(rng, f"p{rng.integers(60)}")
        rows[row.picture] = table[row.picture] = row
    assert dict(table) == rows
    assert list(table) == list(rows)
    assert dict(ResultTable.of(rows)) == rows
    pictures = [*rows, "missing"]
    found = table.scores("psnr", table.rows_of(pictures))
    for picture, value in zip(pictures, found, strict=True):
        row = rows.get(picture, ResultRow(picture, KEY))
        expected = row.values.get("psnr") if row.error is None else None
        assert np.isnan(value) if expected is None else value == expected
    assert table.failed == {picture for picture, row in rows.items() if row.error is not None}
    assert table.with_score("lpips") == {
        picture for picture, row in rows.items() if row.error is None and "lpips" in row.values
    }
    assert "missing" not in table
    assert np.isnan(table.scores("unknown", table.rows_of(pictures))).all()


def test_records_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(20, 3, (7, 3))
    scores[2, 1] = np.nan
    found = compared({"psnr": scores})
    records = found.records()
    assert len(records) == 21
    assert [(r.picture, r.plugin) for r in records] == [
        (f"p{i}", f"plugin{k}") for i in range(7) for k in range(3)
    ]
    for index, record in enumerate(records):
        expected = scores.ravel()[index]
        assert record.metrics == ({} if np.isnan(expected) else {"psnr": expected})
        assert record.error == ("it broke" if np.isnan(expected) else None)
    assert records[-1] == list(records)[-1]
    assert [r.picture for r in found.records({"p3"})] == ["p3"] * 3


def test_json_in_pieces_is_the_json_of_the_whole() -> None:
    found = compared({"psnr": np.random.default_rng(0).normal(20, 3, (7, 3))})
    for value in (found.summary(per_image=True), {}, [], {"a": [], "b": {}, 'c"': [1, "\n"]}):
        whole = json.dumps(to_json_value(value), indent=1, allow_nan=False)
        assert "".join(json_pieces(value)) == whole
