"""``--latex``: tables whose marks agree with the tests of differences, and that compile."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.cli.main import invoke
from colortk.harness.comparison import Comparison
from colortk.harness.leaderboard import boards
from colortk.harness.plugin_variants import parse_variant
from colortk.harness.results import Results
from colortk.report.latex import boards_to_latex, to_latex
from comparisons import compared
from test_leaderboard import FEW, keep

#: Labels and file names may contain everything that LaTeX reads.
HOSTILE = r"net:text=\a{b}$&#_%~^<|>*[x]漢é"
DOCUMENT = (
    r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"
    r"\input{table}\ref{tab:colortk-pictures}\end{document}"
)


def scores(seed: int = 3, count: int = 30, width: int = 5) -> dict[str, np.ndarray]:
    """Return LPIPS and PSNR of plugins, of which the first two and the next two hardly differ."""
    rng = np.random.default_rng(seed)
    base = rng.normal(0, 1, (count, 1)) + rng.normal(0, 0.3, (count, width))
    steps = np.array([0, 0.02, 1, 1.02, 3])[:width]
    return {"lpips": 0.5 + 0.05 * (base + steps), "psnr": 20 - base - steps}


def rows_of(latex: str) -> list[list[str]]:
    """Return the cells of the first table of a text, its head first."""
    lines = latex.split(r"\toprule")[1].split(r"\bottomrule")[0].splitlines()
    rows = [line.removesuffix(r" \\") for line in lines if line.endswith(r" \\")]
    return [re.split(r"(?<!\\)&", row.strip()) for row in rows]


def check_structure(latex: str) -> None:
    """Check braces, environments and the number of cells, and that there is only ASCII."""
    source = "\n".join(line for line in latex.splitlines() if not line.startswith("%"))
    assert source.isascii()
    plain = re.sub(r"\\[\\{}$&#_%]", "", source)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    stack: list[str] = []
    for command, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", source):
        if command == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert not stack
    (columns,) = re.findall(r"\\begin\{tabular\}\{(l r*|lr*)\}", source)
    assert {len(row) for row in rows_of(latex)} == {len(columns)}


@pytest.mark.parametrize("metric", ["lpips", "psnr"])
def test_marks_agree_with_the_tests_of_differences(metric: str) -> None:
    comparison = compared(scores(), metrics_requested=True)
    head, *rows = rows_of(to_latex(comparison))
    column = next(k for k, cell in enumerate(head) if cell.strip().startswith(metric.upper()))
    cells = {row[0].strip(): row[column].strip() for row in rows}
    summary = comparison.summary(per_image=True)
    assert summary.pairs is not None
    apart = {frozenset((p.first, p.second)) for p in summary.pairs[metric] if p.separated}
    # The order of the means, from the scores themselves.
    means = scores()[metric].mean(0) * (1 if metric == "lpips" else -1)
    best, *rest = [f"plugin{k}" for k in np.argsort(means)]
    first = [best, *(name for name in rest if frozenset((name, best)) not in apart)]
    others = [name for name in rest if name not in first]
    second = [n for n in others if n == others[0] or frozenset((n, others[0])) not in apart]
    assert (len(first), len(second)) == (2, 2), "the scores were made so"
    for name, cell in cells.items():
        bold, underlined = cell.startswith(r"\textbf{"), cell.startswith(r"\underline{")
        assert (bold, underlined) == (name in first, name in second), name


def test_a_plugin_that_lacks_pictures_has_no_mark_and_its_number() -> None:
    tables = scores(width=3)
    tables["lpips"][:4, 0] = tables["psnr"][:4, 0] = np.nan  # the one with the best mean
    latex = to_latex(compared(tables))
    check_structure(latex)
    head, *rows = rows_of(latex)
    row = next(row for row in rows if row[0].strip() == "plugin0")
    assert head[-1].strip() == "pictures"
    assert row[-1].strip() == "26 of 30"
    assert "textbf" not in "".join(row)
    assert "underline" not in "".join(row)
    assert "(n=26)" in row[1]


def test_one_plugin_and_metrics_without_direction_have_no_marks() -> None:
    assert "textbf" not in to_latex(compared(scores(width=1)))
    tables = {"colorfulness": scores()["psnr"]}
    latex = to_latex(compared(tables, metrics_requested=True))
    check_structure(latex)
    assert "textbf" not in latex
    assert "underline{" not in latex


def test_intervals_are_printed_on_request() -> None:
    comparison = compared(scores())
    mean = comparison.summary().plugins[0].metrics["psnr"]
    assert mean.ci95 is not None
    interval = f"[{mean.ci95[0]:.2f}, {mean.ci95[1]:.2f}]"
    assert interval not in to_latex(comparison)
    latex = to_latex(comparison, intervals=True)
    check_structure(latex)
    assert rf"{{\scriptsize {interval}}}" in latex
    assert "95 \\% interval under it" in latex


def hostile() -> Comparison:
    labels = [HOSTILE, "[a", "*b", "", "plugin_4"]
    return compared(scores(), labels=labels)


def test_every_name_is_escaped() -> None:
    latex = to_latex(hostile(), intervals=True)
    check_structure(latex)
    assert r"plugin\_4" in latex
    assert r"\texttt{U+6F22}" in latex
    assert not re.search(r"^[\[*]", latex, re.MULTILINE), "LaTeX would read it as an argument"


def test_a_wide_table_is_shrunk_and_notes_and_caption_define_it() -> None:
    columns = ("lpips", "psnr", "ssim", "ms_ssim", "delta_e00", "mae", "mse")
    tables = {name: scores()["psnr"] for name in columns}
    latex = to_latex(compared(tables, metrics_requested=True, family=["plugin0", "plugin1"]))
    check_structure(latex)
    assert r"\begin{table*}" in latex
    assert r"\resizebox" in latex
    assert "Mean over 30 pictures. " in latex
    assert "the family plugin0, plugin1 corrected by Holm's method" in latex
    assert "Protocol v2 (" in latex
    assert r"LPIPS version 0.1: distance between AlexNet features" in latex


def store(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    for plugin, off in (("gray", 0.0), ("mean_color", 0.0), ("mean_chrominance", -5.0)):
        keep(tmp_path / "store", parse_variant(plugin).key, FEW, off=off)
    return tmp_path / "store"


def test_the_leaderboard_has_marks_and_intervals(tmp_path: Path) -> None:
    with Results(store(tmp_path)) as results:
        (board,) = boards(results, marked=True)
    latex = boards_to_latex([board], intervals=True)
    check_structure(latex)
    found = {row[0].strip(): row[1].strip() for row in rows_of(latex)}
    assert found["gray"] == found["mean\\_color"] == r"\textbf{3.50}"
    assert found["mean\\_chrominance"] == r"\underline{$-$1.50}"
    low, high = board.plugins[0].means["psnr"].ci95 or (0, 0)
    assert f"[{low:.2f}, {high:.2f}]" in latex
    rows = board.as_dict()["plugins"]
    assert [row["marks"]["psnr"] for row in rows] == ["best", "best", "second"]


def test_the_leaderboard_writes_a_file_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["leaderboard", "--store", str(store(tmp_path))]
    file = tmp_path / "board.tex"
    assert invoke([*arguments, "--latex", str(file)]) == 0
    check_structure(file.read_text())
    printed = capsys.readouterr().out
    assert re.search(r"gray\t3\.50 \[1\.45, 5\.55\]", printed), "Student's t of 0 to 7"
    assert invoke([*arguments, "--latex", str(file)]) == 2
    assert "use --force" in capsys.readouterr().err
    assert invoke([*arguments, "--latex", "-"]) == 0
    assert capsys.readouterr().out == file.read_text()
    assert invoke([*arguments, "--latex-intervals"]) == 2
    assert "--latex-intervals needs --latex" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_hostile_tables_compile(tmp_path: Path) -> None:
    (tmp_path / "table.tex").write_text(to_latex(hostile(), intervals=True), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(DOCUMENT)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"]
    run: Any = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    assert "Overfull" not in run.stdout
