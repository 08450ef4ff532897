"""The pytest plugin that authors of colorizers use."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from colortk.testing.checks import check_colorizer
from conftest import colorizer_module

CHECK_COUNT = sum(1 for _ in check_colorizer("gray"))  # it lists the checks, and runs none
ZEROS = "np.zeros((*lightness.shape, 2), np.float32)"
TEST = "def test_conforms(colortk_check):\n    colortk_check()\n"
MARKED = 'import pytest\n\n@pytest.mark.colortk_plugin("plain", "gray")\n' + TEST


def run_pytest(
    folder: Path, site: Path | None, *arguments: str
) -> subprocess.CompletedProcess[str]:
    # Do not load other installed pytest plugins, which take seconds to import.
    environment = {
        **os.environ, "PYTHONPATH": str(site or ""), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--strict-markers"]
    return subprocess.run(
        [*command, "-p", "colortk.testing.pytest_plugin", *arguments],
        cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A separate project, whose tests do not use the settings of this project."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    return folder


def test_the_pytest_plugin_lists_a_test_per_plugin_and_check(project: Path) -> None:
    (project / "test_plain.py").write_text(MARKED)
    run = run_pytest(project, None, "--collect-only", "-q")
    assert run.returncode == 0, run.stdout + run.stderr
    titles = [line.partition("[")[2].rstrip("]") for line in run.stdout.splitlines() if "[" in line]
    assert len(titles) == 2 * CHECK_COUNT
    assert {title.partition("-")[0] for title in titles} == {"plain", "gray"}
    assert {"gray-keeps_lightness", "plain-batch_equals_single"} <= set(titles)


def test_a_test_without_a_plugin_is_one_clear_line(project: Path) -> None:
    (project / "test_plain.py").write_text(TEST)
    run = run_pytest(project, None, "-q")
    assert run.returncode != 0
    assert (
        "no plugin to check: mark the test with @pytest.mark.colortk_plugin('NAME')" in run.stdout
    )
    assert "Traceback" not in run.stdout


def test_the_pytest_plugin_imports_no_numpy_if_unused(project: Path) -> None:
    (project / "test_other.py").write_text(
        "import sys\n\n"
        "def test_other(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.has_plugin('colortk.testing.pytest_plugin')\n"
        "    heavy = {'numpy', 'cv2', 'PIL', 'onnxruntime', 'colortk.pipeline'}\n"
        "    assert not heavy & set(sys.modules)\n"
        "    assert 'colortk.testing.checks' not in sys.modules\n"
    )
    run = run_pytest(project, None, "-q")
    assert run.returncode == 0, run.stdout + run.stderr


def test_pytest_loads_the_plugin() -> None:
    (point,) = (p for p in entry_points(group="pytest11") if p.name == "colortk")
    assert point.value == "colortk.testing.pytest_plugin"


@pytest.mark.slow
def test_checks_pass_fail_and_are_skipped(project: Path, distribution: Callable[..., Path]) -> None:
    site = distribution("plain", colorizer_module("plain", "plain", f"return {ZEROS}"))
    distribution("odd", colorizer_module("odd", "odd", f"lightness += 1; return {ZEROS}"))
    (project / "test_plain.py").write_text(TEST)
    (project / "pytest.ini").write_text("[pytest]\ncolortk_plugins = plain odd\n")
    run = run_pytest(project, site, "-q", "-rsf")
    assert run.returncode == 1, run.stdout + run.stderr
    # Both lack batches, samples, hints and films; every other check runs, and one of one plugin
    # fails.
    passed = 2 * CHECK_COUNT - 8 - 1
    assert f"1 failed, {passed} passed, 8 skipped" in run.stdout
    assert "odd-does_not_change_its_input" in run.stdout
    assert "it offers no predict_ab_batch" in run.stdout
    assert "it declares no samples" in run.stdout
