"""Failures in ``colortk compare``: plugins, files and the command line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import NEED_WEIGHTS, QUICK, colorizer_module, photo, rows_of


@pytest.mark.slow
def test_a_failing_plugin_loses_only_its_own_row(
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
    assert (rows["raises"]["rank"], rows["raises"]["group"]) == (None, "")
    assert set(rows["good"]["group"]) & set(rows["gray"]["group"]), "the same colors"
    assert rows["good"]["metrics"]["psnr"] == rows["gray"]["metrics"]["psnr"]
    failures = json.loads(run.stdout)["failures"]
    reasons = {row["plugin"]: row["error"] for row in failures}
    assert "RuntimeError: inside" in reasons["raises"]
    assert "its process ended (exit code 3)" in reasons["dies"]
    assert "shape" in reasons["nonsense"]
    assert "no weights" in reasons["refuses"]
    assert "bad.png" in reasons[""]
    assert "Traceback" not in run.stderr


#: A plugin that is perfect on easy pictures and refuses hard ones.
PICKY = """
        if lightness.mean() > LIMIT: raise RuntimeError("too hard")
        return np.zeros((*lightness.shape, 2), np.float32)
"""


@pytest.mark.slow
def test_refusing_hard_pictures_does_not_improve_the_rank(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    """`picky` equals `gray` except for pictures that it refuses, so that it gets no rank, and a note."""
    means = {p: np.asarray(Image.open(p).convert("L")).mean() for p in folder.iterdir()}
    hardest = max(means, key=means.__getitem__)
    image = Image.open(hardest)
    Image.fromarray(np.full_like(np.asarray(image), (255, 250, 200))).save(hardest)
    site = distribution(
        "picky", colorizer_module("picky", "picky", PICKY.strip().replace("LIMIT", "90"))
    )
    arguments = ("compare", folder, "-p", "picky", "-p", "mean_color", "-m", "psnr")
    run = colortk(*arguments, "--json", plugins=site)
    assert run.returncode == 1
    report, rows = json.loads(run.stdout), rows_of(run)
    assert (rows["picky"]["n"], rows["picky"]["failed"], report["images"]) == (3, 1, 4)
    assert (rows["picky"]["rank"], rows["picky"]["group"]) == (None, "")
    assert report["plugins"][-1]["name"] == "picky", "last, whatever its mean is"
    assert report["comparisons"] == 1
    (pair,) = (r for r in report["paired"] if r["plugin"] == "picky")
    others = {r["plugin"] for r in report["paired"]} | {pair["best"]}
    assert pair["best"] != "picky"
    assert others == {"picky", "gray", "mean_color"}
    assert pair["n"] == 3
    if pair["best"] == "gray":
        assert pair["difference"] == 0, "on the pictures that both have"
    text = colortk(*arguments, plugins=site).stdout
    row = next(line for line in text.splitlines() if "\tpicky\t" in line)
    assert row.startswith("-\t-\tpicky\t")
    assert "\t3 of 4\t" in row
    assert "(n=3)" in row
    assert (
        "# no rank, no group: picky (3 of 4); compared on the pictures that both have (--common"
        in text
    )
    assert "PSNR ↑ (n=3–4)" in text
    common = json.loads(colortk(*arguments, "--json", "--common", plugins=site).stdout)
    assert (common["images"], common["candidates"]) == (3, 4)
    found = {e["name"]: e for e in common["plugins"]}
    assert found["picky"]["metrics"] == found["gray"]["metrics"]
    assert found["picky"]["group"] == found["gray"]["group"] != ""


@pytest.mark.slow
def test_a_hanging_plugin_is_stopped_and_abandoned(
    folder: Path, colortk: Callable[..., Any], distribution: Callable[..., Path]
) -> None:
    for seed in range(4, 8):
        Image.fromarray(photo(70, 90, seed)).save(folder / f"{seed}.png")
    site = distribution("hangs", colorizer_module("hangs", "hangs", "import time; time.sleep(600)"))
    # The scores of gray are stored before: a busy machine may need longer than this limit for it.
    assert colortk("compare", folder, "-p", "gray", "-m", "psnr").returncode == 0
    run = colortk(
        "compare", folder, "-p", "hangs", "--timeout", "0.3", "--json", "-m", "psnr", plugins=site
    )
    assert run.returncode == 1
    rows = rows_of(run)
    assert (rows["hangs"]["failed"], rows["gray"]["failed"]) == (8, 0)
    assert (rows["hangs"]["n"], rows["hangs"]["rank"], rows["hangs"]["group"]) == (0, None, "")
    reasons = [r["error"] for r in json.loads(run.stdout)["failures"] if r["plugin"] == "hangs"]
    assert sum("no reply on a picture within 0.3 s" in reason for reason in reasons) == 6
    assert sum("given up after 5 in a row" in reason for reason in reasons) == 1


@pytest.mark.slow
def test_failures_are_retried_if_a_retry_can_help(
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
        count: int = rows_of(colortk(*arguments, plugins=site, env={"COLORTK_SEAL": "off", **env}))[
            "moody"
        ]["failed"]
        return count

    assert failed("--timeout", "0.3", SLEEP="5") == 4
    assert failed("--timeout", "0.3") == 4  # it is known to be too slow for this timeout
    assert failed("--timeout", "100") == 0
    assert failed("-m", "ab_rmse", BREAK="1") == 0  # another metric does not change stored results
    (folder / "3.png").unlink()
    Image.fromarray(photo(70, 90, 8)).save(folder / "8.png")
    assert failed(BREAK="1") == 1
    assert failed() == 1
    assert failed("--retry") == 0


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such file names")
@pytest.mark.slow
def test_file_names_that_are_not_unicode_are_compared(
    folder: Path, tmp_path: Path, colortk: Callable[..., Any]
) -> None:
    strange = os.fsencode(folder) + b"/b\xff<x>.png"
    with open(strange, "wb") as file:
        Image.fromarray(photo(70, 90, 9)).save(file, "PNG")
    files = ("--csv", "s.csv", "--html", "r.html", "--per-image")
    run = colortk("compare", folder, "-p", "gray", "-m", "psnr", *files, "--markdown", "s.md")
    assert run.returncode == 0, run.stderr
    assert "<x>" not in (tmp_path / "r.html").read_text("utf-8")
    assert len((tmp_path / "s.csv").read_text("utf-8").splitlines()) == 6


@pytest.mark.slow
def test_a_broken_plugin_is_reported_without_control_characters(
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
    unavailable = {row["name"] for row in json.loads(run.stdout)["unavailable"]}
    assert unavailable - NEED_WEIGHTS == {"exemplar", "lost"}  # exemplar needs a reference
    assert "no_such_module_anywhere" in run.stderr


@pytest.mark.slow
def test_an_unknown_exception_class_of_a_plugin_is_a_failed_row(
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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no picture or folder 'nowhere'"),
        (["pictures", "-p", "gra"], "did you mean 'gray'?"),
        (["empty"], "no pictures in 'empty'"),
        (["pictures", "--baseline", "mena_color"], "did you mean 'mean_color'?"),
        (["pictures", "-m", "psrn"], "did you mean 'psnr'?"),
        (["pictures", "--family", "gary"], "the comparison has no such plugin"),
        (["pictures", "-p", "gray", "--family", "gray"], "a family of one plugin has no pairs"),
        (["pictures", "-p", "gray:x=1"], "plugin 'gray' has no options"),
        (["pictures", "-p", "gray:strength=7"], "give a number from 0 to 2"),
        (["pictures", "-p", "@x"], "write NAME"),
        (["pictures", "--native", "--size", "64"], "--native and --size"),
        (["pictures", "--backend", "dask"], "--backend dask needs --scheduler"),
        (["pictures", "--csv", "-", "--json"], "several outputs go to standard output"),
        (["pictures", "--csv", "x", "--markdown", "x"], "two outputs have the same file"),
        (["pictures", "--html", "no/where.html"], "its folder does not exist"),
        (["pictures", "--timeout", "nan"], "give a number of seconds"),
        (["pictures", "--per-image"], "--per-image needs --json or --csv"),
        (["pictures", "--csv", "."], "it is a folder"),
        (["pictures", "--refine", "ration"], "did you mean 'ratio'?"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], words: str, folder: Path, colortk: Callable[..., Any]
) -> None:
    (folder.parent / "empty").mkdir()
    run = colortk("compare", *arguments)
    assert run.returncode == 2
    assert words in run.stderr
    assert run.stderr.count("\n") == 1
