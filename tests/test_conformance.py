"""Every built-in conforms, and the kit notices plugins that do not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from colortk.testing import parametrize_checks
from conftest import BUILT_INS, colorizer_module

#: Networks that take a second for some checks.
LARGE = ("autoencoder", "resnet18", "vgg16_residual")


@parametrize_checks(*sorted(set(BUILT_INS) - set(LARGE)))
def test_built_ins_conform(check: Callable[[], None]) -> None:
    check()


@pytest.mark.slow
@parametrize_checks(*LARGE)
def test_large_built_ins_conform(check: Callable[[], None]) -> None:
    check()


ZEROS = "np.zeros((*lightness.shape, 2), np.float32)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "failing"),
    [
        (f"return {ZEROS}[1:]", "answers_with_chroma_of_the_shape_asked_for"),
        (f"return {ZEROS} * np.nan", "answers_with_chroma_of_the_shape_asked_for"),
        (f"import sys; sys.exit(0); return {ZEROS}", "answers_with_chroma_of_the_shape_asked_for"),
        (f"import os; os._exit(3); return {ZEROS}", "answers_with_chroma_of_the_shape_asked_for"),
        (f"return {ZEROS}.astype(float)", "answers_with_chroma_of_the_shape_asked_for"),
        (f"return {ZEROS} + 900", "answers_with_chroma_of_the_shape_asked_for"),
        (f"return {ZEROS}.astype(int)", "answers_with_chroma_of_the_shape_asked_for"),
        (f"return {ZEROS} + 1 / lightness.std()", "answers_for_black_white_and_flat_pictures"),
        (f"assert lightness.shape[1] < 100; return {ZEROS}", "answers_for_odd_shapes"),
        (f"return {ZEROS} + np.random.rand()", "gives_the_same_answer_twice"),
        (f"lightness += 1; return {ZEROS}", "leaves_its_input_alone"),
        (
            f"old = getattr(self, 'old', 0); self.old = lightness.mean(); return {ZEROS} + old",
            "does_not_depend_on_the_picture_before",
        ),
        (f"import os; return {ZEROS} + os.getpid() % 97 + 1", "answers_in_another_process"),
    ],
)
def test_the_kit_notices(
    body: str, failing: str, distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution("odd", colorizer_module("odd", "odd", body))
    run = colortk("plugins", "check", "odd", "--json", plugins=site)
    assert run.returncode == 1, run.stderr
    failed = {row["check"] for row in json.loads(run.stdout) if row["status"] == "failed"}
    assert failing in failed


@pytest.mark.slow
def test_a_plugin_that_ends_the_process_fails_one_check_and_stops_no_other(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    body = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    site = distribution("odd", colorizer_module("aaa", "aaa", body).replace("aaa:", "odd:"))
    run = colortk("plugins", "check", "aaa", "gray", "--json", plugins=site)
    rows = json.loads(run.stdout)
    failed = [row for row in rows if row["status"] == "failed"]
    assert [row["plugin"] for row in failed] == ["aaa"]
    assert "SIGSEGV" in failed[0]["reason"]
    assert sum(row["plugin"] == "gray" for row in rows) > 8


@pytest.mark.slow
def test_a_check_that_does_not_end_is_ended_with_what_it_started(
    distribution: Callable[..., Path], colortk: Callable[..., Any], tmp_path: Path
) -> None:
    body = """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open("child", "w").write(str(child.pid))
        time.sleep(600)
    """
    site = distribution("hangs", colorizer_module("hangs", "hangs", body.strip()))
    run = colortk("plugins", "check", "hangs", "gray", "--timeout", "4", "--json", plugins=site)
    failed = [row for row in json.loads(run.stdout) if row["status"] == "failed"]
    assert [row["reason"] for row in failed] == ["no end in 4 s"]
    if sys.platform == "linux":  # gone, or waiting for nothing but to be forgotten
        status = Path("/proc", (tmp_path / "child").read_text(), "status")
        assert not status.exists() or "\nState:\tZ" in status.read_text()
    names = colortk("plugins", "check", "gray", "grey")
    assert (names.returncode, names.stdout) == (2, "")


@pytest.mark.slow
def test_the_kit_notices_a_heavy_declaration(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    body = "import sklearn\n" + colorizer_module("heavy", "heavy", f"return {ZEROS}")
    site = distribution("heavy", body)
    run = colortk("plugins", "check", "heavy", "--json", plugins=site)
    rows = {row["check"]: row for row in json.loads(run.stdout)}
    assert "sklearn" in rows["declaration_is_light"]["reason"]


@pytest.mark.slow
def test_the_kit_notices_a_batch_that_differs(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    body = colorizer_module("batchy", "batchy", f"return {ZEROS}").replace(
        "@hookimpl",
        "Colorizer.predict_ab_batch = lambda self, many: np.ones((*many.shape, 2), np.float32)\n\n@hookimpl",
    )
    site = distribution("batchy", body)
    rows = json.loads(colortk("plugins", "check", "batchy", "--json", plugins=site).stdout)
    assert [row["check"] for row in rows if row["status"] == "failed"] == ["batch_equals_single"]


def test_a_good_stranger_passes(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution("good", colorizer_module("good", "good", f"return {ZEROS}"))
    run = colortk("plugins", "check", "good", plugins=site)
    assert run.returncode == 0, run.stdout
