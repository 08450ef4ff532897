"""``colortk compare``: scores, excluded pictures, tables and stored results."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from colortk.cli.main import invoke
from conftest import BUILT_INS, QUICK, colorizer_module, photo, rows_of


@pytest.mark.slow
def test_scores_of_gray_are_those_of_the_gray_picture(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    run = colortk("compare", folder, "-p", "mean_color", "--native", "--json", *QUICK)
    assert run.returncode == 0, run.stderr
    report, rows = json.loads(run.stdout), rows_of(run)
    assert report["images"] == 4
    assert report["protocol"]["name"] == "v2, native"
    assert len(report["protocol"]["hash"]) == 64
    expected = []
    for path in sorted(folder.iterdir()):
        assert colortk("run", "-p", "gray", path, "-o", "g.png", "--force").returncode == 0
        gray = np.asarray(Image.open(folder.parent / "g.png"))
        expected.append(peak_signal_noise_ratio(np.asarray(Image.open(path)), gray))
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


@pytest.mark.slow
def test_a_second_run_reuses_all_scores(folder: Path, colortk: Callable[..., Any]) -> None:
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
def test_gray_originals_are_left_out_of_every_measure_and_named(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    clean = rows_of(colortk("compare", folder, "-p", "gray", "--json", *QUICK))["gray"]["metrics"]
    Image.fromarray(photo(70, 90, 7)).convert("L").save(folder / "old.png")
    arguments = ("compare", folder, "-p", "gray", "-p", "mean_color", *QUICK)
    run = colortk(*arguments, "--json")
    report = json.loads(run.stdout)
    assert (report["images"], report["gray_rule"]) == (4, "left out")
    assert [Path(name).name for name in report["gray_originals"]] == ["old.png"]
    assert "gray" not in report
    # The plugin `gray` is perfect on gray originals, so that they would favor it.
    assert rows_of(run)["gray"]["metrics"] == clean
    for flag in ("--keep-gray", "--keep-grey"):
        kept = json.loads(colortk(*arguments, "--json", flag).stdout)
        assert rows_of(run)["gray"]["metrics"] == kept["plugins"][0]["metrics"]
        assert kept["gray"]["images"] == 1
        means = {e["name"]: e["metrics"]["psnr"]["mean"] for e in kept["gray"]["plugins"]}
        assert means["gray"] == 100 > means["mean_color"]
    text = colortk(*arguments, "--markdown", "s.md", "--html", "r.html", "--csv", "s.csv").stdout
    for said in (text, *((folder.parent / name).read_text("utf-8") for name in ("s.md", "r.html"))):
        assert "1 gray original, left out of every metric" in said
        assert "old.png" in said
    files = ("--markdown", "s.md", "--html", "r.html", "--csv", "s.csv", "--force")
    text = colortk(*arguments, *files, "--keep-gray").stdout
    assert text.count("rank\tgroup\tplugin") == 2
    assert "# Gray originals (pictures): mean" in text
    assert "## Gray originals (pictures)" in (folder.parent / "s.md").read_text("utf-8")
    assert '<section id="gray">' in (folder.parent / "r.html").read_text("utf-8")
    lines = list(csv.DictReader(io.StringIO((folder.parent / "s.csv").read_text("utf-8"))))
    assert {(line["of"], line["images"]) for line in lines} == {
        ("pictures", "4"),
        ("gray pictures", "1"),
    }


def test_comparing_only_gray_originals_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    Image.fromarray(photo(70, 90, 7)).convert("L").save(tmp_path / "old.png")
    arguments = ["compare", str(tmp_path / "old.png"), "-p", "gray", "-m", "psnr"]
    assert invoke(arguments) == 1
    assert capsys.readouterr().err.splitlines() == [
        "colortk: nothing was scored: every original is gray, and there is no color to compare with"
        " (name pictures in color, or use --keep-gray to score gray ones in a second table)"
    ]
    assert invoke([*arguments, "--keep-gray"]) == 0
    assert invoke(["diff", "gray", "mean_color", str(tmp_path / "old.png"), "-m", "psnr"]) == 2
    assert "every original is gray" in capsys.readouterr().err


@pytest.mark.slow
def test_excluded_originals_do_not_count_as_failures(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    Image.fromarray(photo(70, 90, 7)).convert("L").save(folder / "old.png")
    arguments = ("compare", folder, "-p", "gray", "-m", "chroma_ratio")
    run = colortk(*arguments)
    assert (run.returncode, run.stderr) == (0, "")
    assert "1 gray original, left out of every metric" in run.stdout
    kept = colortk(*arguments, "--keep-gray")
    assert kept.returncode == 0
    assert "no chroma_ratio of 1 results" in kept.stderr


def test_only_gray_originals_give_one_line(tmp_path: Path, colortk: Callable[..., Any]) -> None:
    Image.fromarray(photo(70, 90, 7)).convert("L").save(tmp_path / "old.png")
    run = colortk("compare", "old.png", "-p", "gray", "-m", "psnr", "--html", "r.html")
    assert run.returncode == 1, run.stderr
    assert "0 pictures" in run.stdout
    assert "1 gray original, left out of every metric" in run.stdout
    assert "old.png" in (tmp_path / "r.html").read_text("utf-8")


def test_a_broken_third_party_metric_loses_only_its_own_cells(
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
def test_options_strength_and_weights_give_separate_rows(
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
    assert lines[0].startswith("# protocol v2 (")
    assert any("with so few pictures, the results are not reliable" in line for line in lines)
    head = next(line for line in lines if line.startswith("rank\t")).split("\t")
    assert head[:3] == ["rank", "group", "plugin"]
    assert any("ranked by" in line for line in lines)
    assert not any("±" in line for line in lines)
    rows = list(csv.DictReader(io.StringIO((folder.parent / "s.csv").read_text("utf-8"))))
    assert {row["plugin"] for row in rows} == {"gray", "mean_color"}
    assert {row["ranked_by"] for row in rows} == {"delta_e00"}
    assert all(float(row["low95"]) <= float(row["mean"]) <= float(row["high95"]) for row in rows)
    assert list(rows[0])[-3:] == ["protocol", "version", "artifact"]
    assert "| rank | group | plugin |" in (folder.parent / "s.md").read_text("utf-8")
    page = colortk("compare", folder, "-p", "mean_color", *QUICK, "--html", "r.html")
    assert page.returncode == 0, page.stderr
    text = (folder.parent / "r.html").read_text("utf-8")
    assert json.loads(colortk("leaderboard", "--json").stdout)[0]["protocol"]["hash"] in text
    assert all(f"{seed}.png" in text for seed in range(4))
    assert text.count("/9j/") >= 4 * (2 + 2 + 2)  # JPEG: gray, truth, two results, two heat maps
    assert "mean colorfulness of the originals" in text
    again = colortk("compare", folder, "-p", "mean_color", *QUICK, "--csv", "s.csv")
    assert again.returncode == 2
    assert "--force" in again.stderr
    piped = colortk("compare", folder, *QUICK, "-p", "gray", "--csv", "-", "--per-image")
    records = list(csv.DictReader(io.StringIO(piped.stdout)))
    assert len(records) == 4
    assert float(records[0]["psnr"]) > 5
    assert records[0]["protocol"] == rows[0]["protocol"]


@pytest.mark.slow
def test_every_csv_line_names_protocol_version_and_artifact(
    folder: Path, colortk: Callable[..., Any]
) -> None:
    arguments = ("compare", folder / "0.png", "-p", "effnet_bins", "-m", "psnr", "--size", "64")
    report = json.loads(colortk(*arguments, "--json").stdout)
    wanted = {
        entry["name"]: {
            "protocol": f"v2, short_side=64 ({report['protocol']['hash']})",
            "version": entry["version"],
            "artifact": entry["artifact"],
        }
        for entry in report["plugins"]
    }
    assert len(wanted["effnet_bins"]["artifact"]) == 64
    for more in ([], ["--per-image"]):
        run = colortk(*arguments, "--csv", "-", *more)
        rows = list(csv.DictReader(io.StringIO(run.stdout)))
        assert [row | wanted[row["plugin"]] for row in rows] == rows
        assert len(rows) == 2


@pytest.mark.slow
def test_leaderboard_and_diff(folder: Path, colortk: Callable[..., Any]) -> None:
    assert "no results of complete comparisons are stored" in colortk("leaderboard").stdout
    nothing = colortk("diff", "gray", "mean_color", "-m", "psnr")
    assert nothing.returncode == 2
    assert "no stored scores" in nothing.stderr
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
def test_metrics_without_direction_do_not_rank(folder: Path, colortk: Callable[..., Any]) -> None:
    run = colortk("compare", folder, "-p", "mean_color", "-m", "colorfulness", "--json")
    assert [entry["rank"] for entry in json.loads(run.stdout)["plugins"]] == [None, None]
    assert json.loads(run.stdout)["paired"] == []
    text = colortk("compare", folder, "-p", "mean_color", "-m", "colorfulness").stdout
    assert "# CF has no better direction: plugins are not ranked" in text
    diff = colortk("diff", "gray", "mean_color", folder, "-m", "colorfulness")
    assert diff.stdout.startswith("CF, 4 pictures scored with both:")


@pytest.mark.slow
def test_without_lpips_the_report_names_another_ranking_metric(
    folder: Path, tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    Image.fromarray(photo(28, 24)).save(tmp_path / "tiny.png")
    arguments = ("-p", "mean_color", "-m", "lpips", "-m", "psnr", "--native", "--json")
    run = colortk("compare", "tiny.png", *arguments)
    assert run.returncode == 1, "a measure that was named has no value"
    report = json.loads(run.stdout)
    assert report["ranking_metric"] == "psnr"
    assert report["metric_failures"][0]["count"] == 2
    assert "no lpips of 2 results" in run.stderr


@pytest.mark.slow
def test_all_can_be_combined_with_named_variants(folder: Path, colortk: Callable[..., Any]) -> None:
    arguments = ("--all", "-p", "gray:strength=2", "-m", "psnr", "--baseline", "mean_color")
    run = colortk("compare", folder / "0.png", *arguments, "--json")
    assert set(rows_of(run)) == {*BUILT_INS, "gray:strength=2"} - {"exemplar"}
    assert "'exemplar' needs a reference: -p exemplar:reference=FILE" in run.stderr
    assert {row["best"] for row in json.loads(run.stdout)["paired"]} == {"mean_color"}


def test_requested_metrics_are_shown(folder: Path, colortk: Callable[..., Any]) -> None:
    run = colortk("compare", folder, "-p", "gray", "-m", "ab_rmse", "-m", "psnr", "-m", "mae")
    head = next(line for line in run.stdout.splitlines() if line.startswith("rank\t"))
    assert [cell.split()[0] for cell in head.split("\t")[3:6]] == ["ab-RMSE", "PSNR", "MAE"]


@pytest.mark.slow
def test_sizes_compares_results_at_several_sizes(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    """`--sizes` shows which plugins depend on the size of the picture."""
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
def test_without_a_folder_the_photographs_of_installed_packages_are_used(
    colortk: Callable[..., Any],
) -> None:
    run = colortk("compare", "-p", "gray", "-p", "mean_color")
    assert run.returncode == 0, run.stderr
    assert "photographs of scikit-learn and scikit-image" in run.stderr
    assert "with so few pictures, the results are not reliable" in run.stdout
    assert "LPIPS" in run.stdout
