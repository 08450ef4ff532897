"""``colortk plugins check`` of metrics and refiners."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from colortk.cli.main import invoke
from colortk.plugin.discover import DeclaredPlugin
from colortk.plugin.registry import Registry, registry
from colortk.plugin.spec import MetricSpec, RefinerSpec
from colortk.testing.check_functions import NothingToCheckError
from colortk.testing.checks import CheckResult, run_checks
from colortk.testing.metric_checks import metric_checks
from colortk.testing.refiner_checks import refiner_checks

METRICS = ("psnr", "delta_e00", "chroma_ratio")


@pytest.mark.parametrize("name", [*METRICS, "ratio", "slide", "none"])
def test_built_in_functions_conform(name: str) -> None:
    spec = registry().find(name).spec
    checks = metric_checks(spec) if isinstance(spec, MetricSpec) else refiner_checks(spec)  # type: ignore[arg-type]
    for _, check in checks:
        with contextlib.suppress(NothingToCheckError):
            check()


@pytest.mark.slow
def test_a_predicted_rating_above_that_of_the_original_is_a_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dict(metric_checks(registry().find("naturalness").spec))["prefers_identical_pictures"]()  # type: ignore[arg-type]
    assert ["the original itself 0" in str(w.message) for w in caught] == [True]


def failing(
    spec: MetricSpec | RefinerSpec, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Return why checks of a third-party function failed, by name of the check."""
    (tmp_path / "faulty.py").write_text(f"import random\nimport numpy as np\n\n{code}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "faulty", raising=False)
    known = Registry([DeclaredPlugin(spec, "faulty", "1.0")])
    for module in ("colortk.pipeline", "colortk.testing.checks", "colortk.testing.check_functions"):
        monkeypatch.setattr(f"{module}.registry", lambda: known)
    monkeypatch.setattr("colortk.testing.check_functions.declaration_is_light", _light)
    results = list(run_checks(spec.name))
    assert len(results) == 7
    return {r.check: r.error or "" for r in results if r.status == "failed"}


def _light(request: Any) -> None:
    """Replace a check that starts a process."""


@pytest.mark.parametrize(
    ("body", "check", "words"),
    [
        ("raise ValueError('no')", "returns_a_finite_number", "ValueError: no (faulty.py:5)"),
        ("return np.nan", "returns_a_finite_number", "nan, not a finite number"),
        ("return 'best'", "returns_a_finite_number", "it returned str, not a number"),
        ("return -float(np.abs(x - 1.0 * y).mean())", "returns_a_finite_number", "its bounds are"),
        ("return random.random() + 9e9 * (x == y).all()", "returns_the_same_number_twice", "two"),
        ("y[0, 0] = 1; return float((x == y).mean())", "does_not_change_its_input", "it changed"),
        ("return float(np.abs(x - 1.0 * y).mean())", "prefers_identical_pictures", "higher is"),
        ("return 1 // int(y.std())", "handles_gray_and_flat_pictures", "ZeroDivisionError"),
    ],
)
def test_the_checks_detect_a_faulty_metric(
    body: str, check: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = MetricSpec("faulty", "for tests", "faulty:score", True, bounds=(0, 1e10))
    code = f"def score(x, y):\n    {body}"
    failures = failing(spec, code, tmp_path, monkeypatch)
    assert list(failures) == [check]
    assert words in failures[check]


@pytest.mark.parametrize(
    ("body", "check", "words"),
    [
        ("raise ValueError('no')", "returns_chroma_of_the_right_shape", "ValueError: no (faulty.p"),
        ("return ab[:-1]", "returns_chroma_of_the_right_shape", "shape (89, 130, 2)"),
        ("return ab * np.float32(np.nan)", "returns_chroma_of_the_right_shape", "not finite"),
        ("return ab / np.abs(ab).max()", "handles_black_white_and_flat_pictures", "not finite"),
        ("return ab - ab.mean((0, 1))", "treats_every_pixel_alone", "must depend on itself alone"),
        ("return ab + np.float32(random.random())", "returns_the_same_result_twice", "differ"),
        ("ab *= 0.5; return ab", "does_not_change_its_input", "it changed the arrays"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_checks_detect_a_faulty_refiner(
    body: str, check: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = RefinerSpec("faulty", "for tests", "faulty:refine")
    code = f"def refine(light, ab):\n    {body}"
    failures = failing(spec, code, tmp_path, monkeypatch)
    assert check in failures
    assert set(failures) <= {check, "treats_every_pixel_alone"}
    assert words in failures[check]


@pytest.mark.slow
def test_metrics_and_refiners_are_checked_by_name(colortk: Callable[..., Any]) -> None:
    run = colortk("plugins", "check", "psnr", "ratio", "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    rows = json.loads(run.stdout)
    assert {row["status"] for row in rows} == {"passed"}
    assert [sum(row["plugin"] == name for row in rows) for name in ("psnr", "ratio")] == [7, 7]


def test_options_of_a_metric_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["plugins", "check", "psnr", "--option", "a=1"]) == 2
    assert "'psnr' takes no --option" in capsys.readouterr().err


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_and_ends_when_a_plugin_is_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(name: str, *_: object) -> Iterator[CheckResult]:
        yield CheckResult("declaration_is_complete", None)
        yield CheckResult("declaration_is_light", "it did not end in 4 s")

    monkeypatch.setattr("colortk.testing.isolated_checks.run_checks_isolated", stopped)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert invoke(["plugins", "check", "psnr", "ratio"]) == 1
    assert "checking" in terminal.getvalue()
    assert "14/14" in terminal.getvalue()
    assert "checking" not in capsys.readouterr().out
