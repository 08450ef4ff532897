"""``--figures``: vector PDF files, always the same bytes, whose labels do not overlap."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.cli.main import invoke
from colortk.harness.comparison import Comparison
from colortk.harness.drawn_hints import Order
from colortk.harness.hint_curves import HintCurves
from colortk.report.figures import canvas, curves, error_maps, score_rows
from colortk.report.figures.write import write_figures
from colortk.report.picture_images import PictureImages
from comparisons import compared, entry
from reports import jpeg

#: A formula for matplotlib, characters that its font lacks, a control character, a long name.
HOSTILE = ["$a_b$ \\frac", "漢字\n\x1b[31m", "x" * 90, ""]


def many(count: int = 24, pictures: int = 12) -> Comparison:
    """Return plugins with nearly the same scores and times, some with hostile names."""
    rng = np.random.default_rng(4)
    tables = {"lpips": 0.3 + rng.normal(0, 0.02, (pictures, 1)) + rng.normal(0, 0.001, (1, count))}
    tables["lpips"] = tables["lpips"] + rng.normal(0, 0.001, (pictures, count))
    tables["lpips"][:3, 5] = np.nan
    labels = [*HOSTILE, *(f"plugin_{k}:strength=1.{k}" for k in range(4, count))]
    return compared(tables, labels=labels, seconds=[0.1 + 0.001 * k for k in range(count)])


def texts(figure: Any) -> list[Any]:
    """Return the extents in pixels of the texts of a figure that are drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    backend = FigureCanvasAgg(figure)
    backend.draw()
    hidden = {
        id(label)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    found = [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]
    boxes = [Text.get_window_extent(text, backend.get_renderer()) for text in found]
    inside = figure.bbox
    return [box for box in boxes if box.width and box.x1 > 0 and box.x0 < inside.x1]


def check_labels(figure: Any, least: int) -> None:
    boxes = texts(figure)
    assert len(boxes) >= least
    for first, second in combinations(boxes, 2):
        overlap = min(first.x1, second.x1) - max(first.x0, second.x0)
        height = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert overlap <= 0 or height <= 1, (first, second)
    for box in boxes:
        assert box.x0 >= -1
        assert box.x1 <= figure.bbox.x1 + 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "draw", [score_rows.box_plot, score_rows.letter_display, curves.quality_time]
)
def test_labels_of_many_plugins_do_not_overlap(draw: Any) -> None:
    with canvas.settings():
        check_labels(draw(many(), "lpips"), least=23)


def hinted() -> HintCurves:
    rng = np.random.default_rng(0)
    scores = compared({"psnr": rng.normal(25, 1, (5, 8)), "lpips": rng.normal(0.2, 0.01, (5, 8))})
    order: Order = "uniform"
    return HintCurves(scores, [entry("a"), entry("b_$x$")], (0, 1, 10, 100), order)


def test_hint_curves_have_every_number_and_both_plugins() -> None:
    with canvas.settings():
        figure = curves.hint_curves(hinted(), "psnr")
        check_labels(figure, least=6)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "1", "10", "100"]
    means = hinted().scores.values("psnr").mean(0).reshape(2, 4)
    drawn = {tuple(np.round(line.get_ydata(), 6)) for line in axes.lines}
    assert drawn == {tuple(np.round(row, 6)) for row in means}


def test_the_boxes_are_the_quartiles_of_the_scores() -> None:
    comparison = many(6)
    with canvas.settings():
        (axes,) = score_rows.box_plot(comparison, "lpips").axes
    order = comparison.verdicts_by("lpips").order
    for y, k in enumerate(order):
        values = comparison.values("lpips")[:, k]
        low, high = np.nanpercentile(values, [25, 75])
        (box,) = [p for p in axes.patches if abs(p.get_y() + 0.3 - y) < 0.01]
        assert (box.get_x(), box.get_width()) == pytest.approx((low, high - low))
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[order.index(5)].endswith(" (n=9)")
    assert "12 pictures" in axes.figure.get_supxlabel()


def test_the_letters_stand_beside_their_plugins() -> None:
    comparison = compared({"psnr": np.arange(24.0).reshape(8, 3) * [1, 1, 2] + [0, 0, 40]})
    with canvas.settings():
        figure = score_rows.letter_display(comparison, "psnr")
    verdict = comparison.verdicts_by("psnr")
    (right,) = figure.axes[0].child_axes
    shown = [text.get_text() for text in right.get_yticklabels()]
    for text, k in zip(shown, verdict.order, strict=True):
        assert "".join(c for c in text if c.isalpha()) == verdict.letters[k]


def images(labels: list[str]) -> PictureImages:
    named = {label: jpeg((200, 90, 40)) for label in labels}
    maps = {label: jpeg(50, "L") for label in labels}
    return PictureImages("0", "photo $x$.jpg", jpeg(90, "L"), jpeg((9, 9, 9)), False, named, maps)


def test_error_maps_show_the_units_of_the_color_difference() -> None:
    with canvas.settings():
        figure = error_maps.error_maps([images(["a", "b"])], ["a", "b", "missing"])
        check_labels(figure, least=5)
    drawn = figure.axes[5].images[0]
    assert float(drawn.get_array().mean()) == pytest.approx(10, abs=0.4), "a level of 50 is ΔE94 10"
    assert drawn.get_clim() == (0, 51)


def test_examples_go_from_the_best_picture_to_the_worst() -> None:
    scores = np.array([[3.0, 3], [1, 1], [np.nan, 0], [5, 5], [2, 2], [4, 4]])
    assert error_maps.example_pictures(compared({"lpips": scores})) == [1, 4, 5, 3]
    assert error_maps.example_pictures(compared({"psnr": scores})) == [3, 5, 4, 1]


def test_the_same_comparison_gives_the_same_files_with_no_date(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_figures(tmp_path / name, many(6), tmp_path / "store")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["box-lpips.pdf", "groups-lpips.pdf", "time-lpips.pdf"]
    for file in files:
        data = (tmp_path / "one" / file).read_bytes()
        assert data == (tmp_path / "two" / file).read_bytes()
        assert data.startswith(b"%PDF-")
        assert b"CreationDate" not in data
        assert b"/FontFile2" in data, "text is text, in a font that the file contains"
        assert b"/Subtype /Image" not in data


def test_a_folder_that_cannot_be_used_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], picture: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    (tmp_path / "file").touch()
    for folder, reason in (
        ("full", "has files (use --force"),
        ("file", "is not a folder"),
        ("none/figures", "its parent does not exist"),
    ):
        assert invoke(["compare", str(picture), "--figures", str(tmp_path / folder)]) == 2
        assert reason in capsys.readouterr().err


def test_without_matplotlib_one_line_says_what_to_install(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    picture: Path,
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name)
    )
    assert invoke(["compare", str(picture), "--figures", str(tmp_path / "figures")]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "'matplotlib' is not installed (pip install colorization-toolkit[report])" in line
    assert not (tmp_path / "figures").exists()


@pytest.mark.slow
def test_nothing_else_imports_matplotlib() -> None:
    code = (
        "import sys, colortk.cli.compare, colortk.cli.run, colortk.cli.leaderboard,"
        " colortk.harness.compare, colortk.report.html, colortk.report.latex,"
        " colortk.report.figures.write; sys.exit('matplotlib' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
