"""``colortk compare``: fair, paired, kept, and unmoved by what fails."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from conftest import colorizer_module, photo

#: Scores that need no network.
QUICK = ("-m", "psnr", "-m", "ab_rmse", "-m", "delta_e00", "-m", "colorfulness")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pictures"
    place.mkdir()
    for seed in range(4):
        Image.fromarray(photo(70, 90, seed)).save(place / f"{seed}.png")
    return place


def rows_of(run: Any) -> dict[str, Any]:
    return {entry["name"]: entry for entry in json.loads(run.stdout)["plugins"]}


def test_scores_of_gray_are_those_of_the_grey_picture(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    run = colortk("compare", folder, "-p", "mean_color", "--native", "--json", *QUICK)
    assert run.returncode == 0, run.stderr
    report, rows = json.loads(run.stdout), rows_of(run)
    assert report["images"] == 4
    assert report["protocol"]["name"] == "v1, native"
    assert len(report["protocol"]["hash"]) == 64
    expected = []
    for path in sorted(folder.iterdir()):
        assert colortk("run", "-p", "gray", path, "-o", "g.png", "--force").returncode == 0
        grey = np.asarray(Image.open(folder.parent / "g.png"))
        expected.append(peak_signal_noise_ratio(np.asarray(Image.open(path)), grey))
    psnr = rows["gray"]["metrics"]["psnr"]
    assert psnr["mean"] == pytest.approx(np.mean(expected), abs=1e-4)
    assert psnr["median"] == pytest.approx(np.median(expected), abs=1e-4)
    assert psnr["ci95"][0] <= psnr["mean"] <= psnr["ci95"][1]
    (pair,) = (row for row in report["paired"] if row["metric"] == "psnr")
    assert {pair["plugin"], pair["best"]} == {"gray", "mean_color"}
    other = rows[pair["best"]]["metrics"]["psnr"]["mean"]
    assert pair["difference"] == pytest.approx(
        rows[pair["plugin"]]["metrics"]["psnr"]["mean"] - other
    )
    assert pair["wins"] + pair["ties"] + pair["losses"] == 4
    assert rows["gray"]["peak_memory"] > 10_000_000
    assert rows["gray"]["seconds"]["mean"] > 0


def test_a_second_run_computes_nothing_and_says_the_same(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    first, second = (
        json.loads(colortk("compare", folder, "-p", "gray", "--json", *QUICK).stdout)
        for _ in range(2)
    )
    assert (first.pop("computed"), second.pop("computed")) == (4, 0)
    assert first.pop("loading_seconds") > second.pop("loading_seconds") == 0
    assert first == second
    (folder / "copy.png").write_bytes((folder / "0.png").read_bytes())
    Image.fromarray(photo(70, 90, 9)).save(folder / "9.png")
    third = json.loads(colortk("compare", folder, "-p", "gray", "--json", *QUICK).stdout)
    assert (third["computed"], third["images"], third["repeated"]) == (1, 5, 1)


@pytest.mark.slow
def test_what_fails_costs_its_own_row(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    (folder / "bad.png").write_bytes(b"no picture")
    zeros = "return np.zeros((*lightness.shape, 2), np.float32)"
    bodies = {
        "raises": "raise RuntimeError('inside')",
        "dies": "import os; os._exit(3)",
        "nonsense": "return lightness",
        "refuses": zeros,
        "good": zeros,
    }
    for name, body in bodies.items():
        module = colorizer_module(name, name, body)
        if name == "refuses":
            module = module.replace("self.options = options", "raise OSError('no weights')")
        site = distribution(name, module)
    run = colortk("compare", folder, "--all", "--json", *QUICK, plugins=site)
    assert run.returncode == 1
    rows = rows_of(run)
    for name in bodies:
        assert rows[name]["failed"] == (0 if name == "good" else 4), name
    assert rows["raises"]["metrics"] == {}
    assert rows["raises"]["rank"] is None
    assert rows["good"]["metrics"]["psnr"] == rows["gray"]["metrics"]["psnr"]
    failures = json.loads(run.stdout)["failures"]
    reasons = {row["plugin"]: row["error"] for row in failures}
    assert "RuntimeError: inside" in reasons["raises"]
    assert "its process ended (exit code 3)" in reasons["dies"]
    assert "shape" in reasons["nonsense"]
    assert "no weights" in reasons["refuses"]
    assert "bad.png" in reasons[""]
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_a_plugin_that_hangs_is_stopped_and_given_up(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    for seed in range(4, 8):
        Image.fromarray(photo(70, 90, seed)).save(folder / f"{seed}.png")
    site = distribution("hangs", colorizer_module("hangs", "hangs", "import time; time.sleep(600)"))
    run = colortk(
        "compare", folder, "-p", "hangs", "--timeout", "0.3", "--json", "-m", "psnr", plugins=site
    )
    assert run.returncode == 1
    rows = rows_of(run)
    assert (rows["hangs"]["failed"], rows["gray"]["failed"]) == (8, 0)
    reasons = [r["error"] for r in json.loads(run.stdout)["failures"] if r["plugin"] == "hangs"]
    assert sum("no answer on a picture in 0.3 s" in reason for reason in reasons) == 6
    assert sum("given up after 5 in a row" in reason for reason in reasons) == 1


def test_nearly_grey_originals_are_left_out_of_measures_of_colour(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    Image.fromarray(photo(70, 90, 7)).convert("L").save(folder / "grey.png")
    found = {}
    for flags in ([], ["--keep-grey"]):
        run = colortk("compare", folder, "-p", "gray", "--json", *QUICK, *flags)
        report = json.loads(run.stdout)
        assert (report["images"], report["near_grey"]) == (5, 1)
        found[bool(flags)] = rows_of(run)["gray"]["metrics"]
    assert [found[kept]["ab_rmse"]["n"] for kept in (False, True)] == [4, 5]
    assert found[False]["psnr"]["n"] == 5
    # Gray is perfect on a grey picture: to count it flatters.
    assert found[True]["ab_rmse"]["mean"] == pytest.approx(found[False]["ab_rmse"]["mean"] * 4 / 5)


def test_a_strangers_metric_is_scored_and_a_broken_one_costs_its_own_cells(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    site = distribution(
        "mine",
        """
        from colortk import MetricSpec, hookimpl

        def reddest(truth, result):
            assert truth.dtype == "uint8" and truth.shape == result.shape
            return float(truth[..., 0].max())

        def broken(truth, result):
            raise ValueError("inside")

        @hookimpl
        def colortk_metrics():
            return [MetricSpec("reddest", "for tests", "mine:reddest", higher_is_better=True),
                    MetricSpec("broken", "for tests", "mine:broken", higher_is_better=True)]
        """,
    )
    arguments = ("-p", "gray", "--json", "--per-image", "-m", "reddest", "-m", "broken")
    run = colortk("compare", folder, *arguments, plugins=site)
    metrics = rows_of(run)["gray"]["metrics"]
    truths = [np.asarray(Image.open(p))[:, 10:80, 0].max() for p in sorted(folder.iterdir())]
    assert metrics["reddest"]["mean"] == pytest.approx(np.mean(truths), abs=4)
    assert "broken" not in metrics
    records = json.loads(run.stdout)["records"]
    assert all("inside" in record["metric_errors"]["broken"] for record in records)


@pytest.mark.slow
def test_options_strength_and_weights_make_rows_of_their_own(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    run = colortk(
        "compare", folder, "-p", "mean_color", "-p", "mean_color:strength=2", "--json", *QUICK
    )
    assert run.returncode == 0, run.stderr
    rows = rows_of(run)
    assert rows["mean_color:strength=2"]["options"] == {"host strength": 2.0}
    vivid, plain = (
        rows[name]["metrics"]["colorfulness"]["mean"]
        for name in ("mean_color:strength=2", "mean_color")
    )
    assert vivid > 1.5 * plain


@pytest.mark.slow
def test_tables_and_files(folder: Path, colortk: Callable[..., Any]) -> None:
    run = colortk(
        "compare", folder, "-p", "mean_color", *QUICK, "--csv", "s.csv", "--markdown", "s.md"
    )
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith("# protocol v1 (")
    assert any("so few pictures prove little" in line for line in lines)
    head = next(line for line in lines if line.startswith("rank\t")).split("\t")
    assert head[:2] == ["rank", "plugin"]
    rows = list(csv.DictReader(io.StringIO((folder.parent / "s.csv").read_text("utf-8"))))
    assert {row["plugin"] for row in rows} == {"gray", "mean_color"}
    assert all(float(row["low95"]) <= float(row["mean"]) <= float(row["high95"]) for row in rows)
    assert "| rank | plugin |" in (folder.parent / "s.md").read_text("utf-8")
    page = colortk("compare", folder, "-p", "mean_color", *QUICK, "--html", "r.html")
    assert page.returncode == 0, page.stderr
    text = (folder.parent / "r.html").read_text("utf-8")
    assert json.loads(colortk("leaderboard", "--json").stdout)[0]["protocol"]["hash"] in text
    assert all(f"{seed}.png" in text for seed in range(4))
    assert text.count("/9j/") >= 4 * (2 + 2 + 2)  # JPEG: grey, truth, two results, two heat maps
    assert "mean colourfulness of the originals" in text
    again = colortk("compare", folder, "-p", "mean_color", *QUICK, "--csv", "s.csv")
    assert again.returncode == 2
    assert "--force" in again.stderr
    piped = colortk("compare", folder, *QUICK, "-p", "gray", "--csv", "-", "--per-image")
    records = list(csv.DictReader(io.StringIO(piped.stdout)))
    assert len(records) == 4
    assert float(records[0]["psnr"]) > 5


@pytest.mark.slow
def test_leaderboard_and_diff(folder: Path, colortk: Callable[..., Any]) -> None:
    assert "nothing has been compared yet" in colortk("leaderboard").stdout
    nothing = colortk("diff", "gray", "mean_color", "-m", "psnr")
    assert nothing.returncode == 2
    assert "nothing is known" in nothing.stderr
    report = json.loads(colortk("compare", folder, "-p", "mean_color", *QUICK, "--json").stdout)
    (board,) = json.loads(colortk("leaderboard", "--json").stdout)
    assert board["images"] == 4
    assert board["protocol"]["hash"] == report["protocol"]["hash"]
    means = {row["name"]: row["metrics"]["psnr"] for row in board["plugins"]}
    assert means == pytest.approx(
        {e["name"]: e["metrics"]["psnr"]["mean"] for e in report["plugins"]}
    )
    assert all(row["current"] for row in board["plugins"])
    diff = json.loads(colortk("diff", "gray", "mean_color", "-m", "psnr", "--json").stdout)
    gaps = [abs(row["difference"]) for row in diff["pictures"]]
    assert len(gaps) == 4
    assert gaps == sorted(gaps, reverse=True)
    row = diff["pictures"][0]
    assert row["scores"][0] - row["scores"][1] == pytest.approx(row["difference"])


@pytest.mark.slow
def test_what_failed_is_tried_again_when_that_can_help(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    body = """
        import os, time
        if "BREAK" in os.environ: raise RuntimeError("told to")
        time.sleep(float(os.environ.get("SLEEP", 0)))
        return np.zeros((*lightness.shape, 2), np.float32)
    """
    site = distribution("moody", colorizer_module("moody", "moody", body.strip()))

    def failed(*more: str, **env: str) -> int:
        arguments = ("compare", folder, "-p", "moody", "--json", "-m", "psnr", *more)
        count: int = rows_of(colortk(*arguments, plugins=site, env=env))["moody"]["failed"]
        return count

    assert failed("--timeout", "0.3", SLEEP="5") == 4
    assert failed("--timeout", "0.3") == 4  # known to be too slow for that
    assert failed("--timeout", "9") == 0
    assert failed("-m", "ab_rmse", BREAK="1") == 0  # a metric more, and a result stays a result
    (folder / "3.png").unlink()
    Image.fromarray(photo(70, 90, 8)).save(folder / "8.png")
    assert failed(BREAK="1") == 1
    assert failed() == 1
    assert failed("--retry") == 0


def test_measures_without_a_better_end_rank_nobody(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    run = colortk("compare", folder, "-p", "mean_color", "-m", "colorfulness", "--json")
    assert [entry["rank"] for entry in json.loads(run.stdout)["plugins"]] == [None, None]
    assert json.loads(run.stdout)["paired"] == []
    diff = colortk("diff", "gray", "mean_color", folder, "-m", "colorfulness")
    assert diff.stdout.startswith("CF, 4 pictures scored with both:")


@pytest.mark.slow
def test_where_lpips_has_no_value_another_measure_leads_and_that_is_said(
    folder: Path, tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    Image.fromarray(photo(28, 24)).save(tmp_path / "tiny.png")
    arguments = ("-p", "mean_color", "-m", "lpips", "-m", "psnr", "--native", "--json")
    run = colortk("compare", "tiny.png", *arguments)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["lead"] == "psnr"
    assert report["metric_failures"][0]["count"] == 2
    assert "no lpips of 2 results" in run.stderr


@pytest.mark.slow
def test_all_and_those_named_besides(folder: Path, colortk: Callable[..., Any]) -> None:
    arguments = ("--all", "-p", "gray:strength=2", "-m", "psnr", "--baseline", "mean_color")
    run = colortk("compare", folder / "0.png", *arguments, "--json")
    assert set(rows_of(run)) == {"gray", "mean_color", "sift_mlp", "gray:strength=2"}
    assert {row["best"] for row in json.loads(run.stdout)["paired"]} == {"mean_color"}


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such file names")
def test_file_names_that_are_no_unicode(
    folder: Path, tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    strange = os.fsencode(folder) + b"/b\xff<x>.png"
    with open(strange, "wb") as file:
        file.write((folder / "0.png").read_bytes() + b"tail")
    files = ("--csv", "s.csv", "--html", "r.html", "--per-image")
    run = colortk("compare", folder, "-p", "gray", "-m", "psnr", *files, "--markdown", "s.md")
    assert run.returncode == 0, run.stderr
    assert "<x>" not in (tmp_path / "r.html").read_text("utf-8")
    assert len((tmp_path / "s.csv").read_text("utf-8").splitlines()) == 6


def test_what_was_asked_for_is_shown(folder: Path, colortk: Callable[..., Any]) -> None:
    run = colortk("compare", folder, "-p", "gray", "-m", "ab_rmse", "-m", "psnr", "-m", "mae")
    head = next(line for line in run.stdout.splitlines() if line.startswith("rank\t"))
    assert [cell.split()[0] for cell in head.split("\t")[2:5]] == ["ab-RMSE", "PSNR", "MAE"]


@pytest.mark.slow
def test_a_broken_plugin_is_said_and_hostile_text_is_no_steering(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    body = "raise ValueError('\\x1b[31mred \\udcff')"
    site = distribution("odd", colorizer_module("odd", "odd", body))
    distribution("lost", "import no_such_module_anywhere")
    run = colortk("compare", folder, "--all", "-m", "psnr", "--json", "--jobs", "500", plugins=site)
    assert run.returncode == 1
    assert rows_of(run)["odd"]["failed"] == 4
    assert "\x1b" not in run.stderr
    assert "\\x1b[31mred" in run.stderr
    assert [row["name"] for row in json.loads(run.stdout)["unavailable"]] == ["lost"]
    assert "no_such_module_anywhere" in run.stderr


def test_a_strangers_own_kind_of_error_is_a_row(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    module = colorizer_module("odd", "odd", "raise Mine(3)") + (
        "\nfrom colortk.errors import PredictionError\n"
        "class Mine(PredictionError):\n"
        "    def __init__(self, a): super().__init__('mine', str(a))\n"
    )
    site = distribution("odd", module)
    run = colortk("compare", folder, "-p", "odd", "-m", "psnr", "--json", plugins=site)
    assert run.returncode == 1
    assert rows_of(run)["gray"]["failed"] == 0
    assert json.loads(run.stdout)["failures"][0]["error"] == "mine: 3"


@pytest.mark.slow
def test_sizes(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    """Colour that depends on the picture's size is found out; colour that does not, is not."""
    body = "return np.full((*lightness.shape, 2), 20 * (lightness.shape[0] > 400), np.float32)"
    module = colorizer_module("sized", "sized", body).replace("short=32", "short=None")
    site = distribution("sized", module)
    arguments = ("-p", "sized", "-p", "mean_color", "--sizes", "--json", "-m", "psnr")
    run = colortk("compare", folder / "0.png", *arguments, plugins=site)
    assert run.returncode == 0, run.stderr
    sizes = json.loads(run.stdout)["sizes"]
    assert sizes["mean_color"]["mean"] < 0.5
    assert sizes["sized"]["pairs"]["256-512"] > 5
    assert sizes["sized"]["pairs"]["512-2048"] < 1
    assert sizes["sized"]["enlarged"] == 1


@pytest.mark.slow
def test_photographs_of_installed_packages_when_nothing_is_given(
    colortk: Callable[..., Any],
) -> None:
    run = colortk("compare", "-p", "gray", "-p", "mean_color")
    assert run.returncode == 0, run.stderr
    assert "that come with installed packages" in run.stderr
    assert "so few pictures prove little" in run.stdout
    assert "LPIPS" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no picture or folder 'nowhere'"),
        (["pictures", "-p", "grey"], "did you mean 'gray'?"),
        (["empty"], "no pictures in 'empty'"),
        (["pictures", "--baseline", "mena_color"], "did you mean 'mean_color'?"),
        (["pictures", "-m", "psrn"], "did you mean 'psnr'?"),
        (["pictures", "-p", "gray:x=1"], "plugin 'gray' has no options"),
        (["pictures", "-p", "gray:strength=7"], "a number from 0 to 2 is wanted"),
        (["pictures", "-p", "@x"], "written NAME"),
        (["pictures", "--native", "--size", "64"], "--native and --size"),
        (["pictures", "--backend", "dask"], "each needs the other"),
        (["pictures", "--csv", "-", "--json"], "only one thing can go to stdout"),
        (["pictures", "--csv", "x", "--markdown", "x"], "two of the files to write are the same"),
        (["pictures", "--html", "no/where.html"], "there is no such folder"),
        (["pictures", "--timeout", "nan"], "seconds are wanted"),
        (["pictures", "--per-image"], "--per-image adds to --json or --csv"),
        (["pictures", "--csv", "."], "it is a folder"),
        (["pictures", "--refine", "ration"], "did you mean 'ratio'?"),
    ],
)
def test_mistakes(
    arguments: list[str], words: str, folder: Path, colortk: Callable[..., Any]
) -> None:
    (folder.parent / "empty").mkdir()
    run = colortk("compare", *arguments)
    assert run.returncode == 2
    assert words in run.stderr
    assert run.stderr.count("\n") == 1
