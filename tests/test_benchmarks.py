"""`tox -e bench`, shortened: its output and its failures, without timings."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, colorizer_module

BENCHMARKS = ROOT / "benchmarks"
STAGES = {
    "interpreter and imports", "arguments, search for plugins, places", "model", "decode", "lightness",
    "network", "chroma: edges, refinement, sRGB", "encode", "write", "end of the process",
}  # fmt: skip
Distribution = Callable[..., Path]


def python(script: str, *arguments: Any, modules: Path | None = None) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(modules)} if modules else None
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)


def table(folder: Path, *arguments: Any, code: int = 0, modules: Path | None = None) -> Any:
    """Return the printed table and the written rows."""
    kept = folder / "bench.json"
    few = ("--quick", "--repeats", 1, "--json", kept)
    run = python("table.py", *few, *arguments, modules=modules)
    assert run.returncode == code, run.stderr
    return run.stdout, json.loads(kept.read_text())["rows"]


@pytest.mark.slow
def test_every_row_is_a_ratio_to_its_peer(tmp_path: Path) -> None:
    printed, rows = table(tmp_path, "--only", "cold", "sift")
    assert {row["part"] for row in rows} == {"cold", "sift"}
    for row in rows:
        assert row["state"] == "measured"
        assert row["unit"]
        assert row["peer"]
        assert row["ratio"] == pytest.approx(row["value"] / row["peer_value"], rel=1e-3)
        assert row["name"] in printed
    stages = [row for row in rows if row["name"].startswith("stage: ")]
    assert {row["name"].removeprefix("stage: ") for row in stages} == STAGES
    assert all(row["value"] > 0 for row in stages)
    (whole,) = {row["peer_value"] for row in stages}
    assert sum(row["value"] for row in stages) == pytest.approx(whole, rel=1e-3)


@pytest.mark.slow
def test_the_network_of_a_batch_is_measured_three_ways(tmp_path: Path) -> None:
    _, rows = table(tmp_path, "--only", "batch", "processes", "--plugin", "mean_chrominance")
    assert {row["state"] for row in rows} == {"measured"}
    names = {row["name"] for row in rows}
    assert names >= {
        "network alone",
        "network in colortk alone",
        "plugin alone",
    }


@pytest.mark.slow
def test_many_pictures_are_compared_with_fewer(tmp_path: Path) -> None:
    _, rows = table(tmp_path, "--only", "many", "--plugin", "gray")
    assert [row["state"] for row in rows] == ["measured"] * 4
    assert [row["peer"] for row in rows] == [
        "50 pictures, MB",
        "50 pictures, ms",
        "the run, MB",
        "the run, s",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "onnx"), [("gray", False), ("mean_chrominance", True)])
def test_the_peer_of_a_network_is_onnx_runtime(plugin: str, onnx: bool, folder: Path) -> None:
    run = python("throughput.py", plugin, folder, 1, 1)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found.pop("onnx") is onnx
    assert all(found[name] > 0 for name in ("host", "codec", "network", "read", "write"))


@pytest.mark.slow
def test_a_failed_part_loses_only_its_own_rows(tmp_path: Path, distribution: Distribution) -> None:
    body = "raise ValueError('no such luck')"
    site = distribution("unlucky", colorizer_module("unlucky", "unlucky", body))
    arguments = ("--only", "cold", "sift", "-p", "unlucky")
    printed, rows = table(tmp_path, *arguments, code=1, modules=site)
    assert [(row["part"], row["state"]) for row in rows] == [
        ("cold", "failed"),
        ("sift", "measured"),
    ]
    assert "no such luck" in rows[0]["reason"]
    assert "no such luck" in printed


def test_a_part_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    _, rows = table(tmp_path, "--only", "throughput", "--timeout", 0.1, code=1)
    assert rows == [
        {
            "part": "throughput",
            "name": "throughput",
            "state": "failed",
            "reason": "stopped after 0.1 s",
        }
    ]


def test_a_part_without_its_package_is_skipped(tmp_path: Path) -> None:
    stub = tmp_path / "modules" / "skimage"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("raise ImportError('it is not here')")
    _, rows = table(tmp_path, "--only", "metrics", modules=stub.parent)
    assert [(row["state"], row["reason"]) for row in rows] == [
        ("skipped", "needs skimage: it is not here")
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "nothing"), "invalid choice: 'nothing'"),
        (("-p", "nobody"), "no colorizer 'nobody'"),
        (("--megapixels", 0), "numbers from 1 are wanted"),
        (("--json", "nowhere/bench.json"), "there is no such folder"),
    ],
)
def test_wrong_usage_prints_one_line(arguments: tuple[Any, ...], words: str) -> None:
    run = python("table.py", *arguments)
    assert run.returncode == 2
    assert words in run.stderr.splitlines()[-1]


@pytest.mark.slow
def test_the_numbers_of_variants_are_printed(folder: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    run = python("variants.py", folder, "--pictures", 1, "--count", 2, "--sheet", sheet)
    assert run.returncode == 0, run.stderr
    head, *rows = run.stdout.splitlines()
    assert head == "1 pictures, 2 versions of each"
    values = {row[:28].strip(): float(row[28:]) for row in rows}
    assert values["CIEDE2000 between versions"] == values["CIEDE2000, nearest two"] > 1
    assert values["LPIPS best"] <= values["LPIPS automatic"]
    assert sheet.is_file()


def test_published_networks_are_a_markdown_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    published = importlib.import_module("published")
    measurement = importlib.import_module("measurement")
    rows = [
        measurement.Row("zhang2016: 640 × 480", 1.5, "s", "effnet_bins, s", 0.25).as_dict(),
        measurement.Row("zhang2016: peak memory", 900.0, "MB", "effnet_bins, MB", 300.0).as_dict(),
        measurement.Row("ddcolor_tiny", missing="needs torch").as_dict(),
    ]
    lines = published.markdown(rows)
    assert lines[2:] == [
        "| `effnet_bins` (default) | 0.25 s | 1 | 300 MB | 1 |",
        "| Zhang 2016 (256 × 256) | 1.5 s | 6 | 900 MB | 3 |",
    ]
    assert {line.count("|") for line in lines} == {6}
    assert published.markdown(rows[2:]) == []
