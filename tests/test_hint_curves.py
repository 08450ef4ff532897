"""``compare --hint-counts``: how hints are drawn, what they score, and how curves are ranked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.integrate import trapezoid

from colortk.cli.main import invoke
from colortk.color.cielab import rgb_to_lab
from colortk.errors import UsageError
from colortk.harness.compare import compare
from colortk.harness.drawn_hints import PATCH, DrawnGuide, largest_errors, uniform_points
from colortk.harness.hint_curves import area_under_curve
from colortk.harness.hint_variants import hint_variants, parse_counts
from colortk.harness.plugin_variants import parse_variant
from colortk.report.hint_figure import BOTTOM, HEIGHT, LINE_HEIGHT, TOP
from colortk.report.label_layout import spread_labels
from conftest import photo

COUNTS = (0, 5, 60)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(3):
        Image.fromarray(photo(96, 96, seed)).save(folder / f"{seed}.png")
    return folder


def test_random_points_are_nested_different_and_the_same_every_time() -> None:
    few, many = uniform_points((20, 30), 10, 7), uniform_points((20, 30), 100, 7)
    np.testing.assert_array_equal(many[:10], few)
    assert len(set(many.tolist())) == 100
    assert many.min() >= 0
    assert many.max() < 600
    assert uniform_points((20, 30), 10, 8).tolist() != few.tolist()
    assert len(uniform_points((4, 4), 100, 0)) == 16


def test_the_largest_errors_come_first_and_keep_their_distance() -> None:
    error = np.zeros((60, 80), np.float32)
    error[10:20, 10:20], error[40:50, 60:70] = 5, 9
    rows, columns = np.divmod(largest_errors(error, 2), 80)
    assert 40 <= rows[0] < 50
    assert 60 <= columns[0] < 70
    assert 10 <= rows[1] < 20
    assert 10 <= columns[1] < 20
    points = largest_errors(np.random.default_rng(0).random((60, 80)).astype(np.float32), 30)
    rows, columns = np.divmod(points, 80)
    distance = np.maximum(np.abs(rows[:, None] - rows), np.abs(columns[:, None] - columns))
    assert len(points) == 30
    assert distance[~np.eye(30, dtype=bool)].min() > 0.5 * np.sqrt(60 * 80 / 30) - 1


def test_a_hint_has_the_mean_color_of_its_square() -> None:
    lab = rgb_to_lab(photo(64, 64, 3))
    light, truth = np.ascontiguousarray(lab[..., 0]), np.ascontiguousarray(lab[..., 1:])
    guide = DrawnGuide(truth, 1, "uniform", 4)
    ab = np.zeros((32, 32, 2), np.float32)
    import cv2

    small = cv2.resize(light, (32, 32), interpolation=cv2.INTER_AREA)
    chroma = guide.chroma(ab, small, light).chroma_of_block(0, 0, light)
    row, column = divmod(int(uniform_points((64, 64), 1, 4)[0]), 64)
    half = PATCH // 2
    assert half <= min(row, column), "the square lies inside"
    assert max(row, column) < 64 - half, "the square lies inside"
    square = truth[row - half : row + half + 1, column - half : column + half + 1]
    mean = square.reshape(-1, 2).mean(0)
    found = chroma[row, column]
    assert np.linalg.norm(found) <= np.linalg.norm(mean) + 1e-3  # sRGB may lack the color
    cosine = found @ mean / np.linalg.norm(found) / np.linalg.norm(mean)
    assert cosine > 0.9999


def test_areas_are_those_of_an_independent_rule() -> None:
    scores = np.array([[20.0, 22.0, 30.0], [21.0, np.nan, 25.0]])
    x = np.log10(1 + np.array([0, 9, 99]))
    area = area_under_curve(scores, [0, 9, 99])
    assert area[0] == pytest.approx(trapezoid(scores[0], x) / 2)
    assert np.isnan(area[1])


def test_counts_and_orders_that_are_refused() -> None:
    assert parse_counts("100,0,10,10") == (0, 10, 100)
    for wrong in ("5", "a,b", "0,-1", "1,10001", ""):
        with pytest.raises(UsageError, match="write them with commas"):
            parse_counts(wrong)
    with pytest.raises(UsageError, match="known: uniform, error"):
        hint_variants([parse_variant("gray")], (0, 1), "best")  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["uniform", pytest.param("error", marks=pytest.mark.slow)])
def test_more_hints_score_better_and_results_are_stored(
    pictures: Path, tmp_path: Path, order: str
) -> None:
    def scored() -> tuple[int, dict[str, list[float]]]:
        comparison = compare(
            pictures, ["mean_color"], ["psnr"], hint_counts=COUNTS, store=tmp_path,
            hint_order=order,  # type: ignore[arg-type]
        )  # fmt: skip
        curves = comparison.hints
        assert curves is not None
        rows = {row["name"]: row["metrics"]["psnr"]["mean"] for row in curves.as_dict()["plugins"]}
        return curves.scores.outcome.computed, rows

    computed, means = scored()
    assert computed == 2 * 3 * len(COUNTS)
    assert set(means) == {"mean_color", "gray"}
    for mean in means.values():
        assert mean[0] < mean[1] < mean[2]
    unguided = compare(pictures, ["mean_color"], ["psnr"], store=tmp_path)
    for k, variant in enumerate(unguided.variants):
        mean = unguided.summaries["psnr"][k]
        assert mean is not None
        assert means[variant.label][0] == pytest.approx(mean.mean)
    assert scored() == (0, means)


@pytest.mark.slow
def test_the_command_prints_tables_json_and_a_figure(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", str(pictures), "-p", "mean_color", "-m", "psnr", "-m", "delta_e00"]
    command += ["--hint-counts", "0,5,60", "--store", str(tmp_path), "--no-repeats"]
    assert invoke(command) == 0
    out = capsys.readouterr().out
    assert (
        "# PSNR ↑ by number of hints, mean [95 % interval]\nrank\tgroup\tplugin\t0\t5\t60\tarea"
        in out
    )
    assert "# ΔE00 ↓ by number of hints" in out
    assert re.search(r"# with hints: protocol v2-hints [0-9a-f]{12}, 3 pictures", out)
    page = tmp_path / "report.html"
    assert invoke([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["hints"]["counts"] == [0, 5, 60]
    assert report["hints"]["protocol"]["name"] == "v2-hints"
    assert all("hints" not in row["name"] for row in report["plugins"])
    assert invoke([*command, "--html", str(page)]) == 0
    text = page.read_text("utf-8")
    section = text[text.index('<section id="hints">') :]
    section = section[: section.index("</section>")]
    assert section.count("<svg") == 2
    assert section.count("<polyline") == 4
    assert invoke([*command[:-3], "--hint-counts", "5"]) == 2
    assert "two or more whole numbers" in capsys.readouterr().err


def test_labels_of_a_figure_do_not_collide() -> None:
    heights = spread_labels(
        [100, 101, 99, 100, 300, HEIGHT - BOTTOM, HEIGHT - BOTTOM],
        LINE_HEIGHT,
        TOP,
        HEIGHT - BOTTOM,
    )
    gaps = np.diff(sorted(heights))
    assert gaps.min() >= LINE_HEIGHT - 1e-6
    assert max(heights) <= HEIGHT - BOTTOM
    assert np.argsort(heights, kind="stable").tolist()[0] == 2
