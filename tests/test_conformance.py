"""Every built-in plugin passes the conformance checks, and the checks detect faulty plugins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.plugin.discover import DeclaredPlugin
from colortk.plugin.registry import Registry
from colortk.plugin.spec import ColorizerSpec
from colortk.runtime.loading import Loaded
from colortk.testing import check_functions, checks, parametrize_checks
from colortk.testing.checks import run_checks
from conftest import BUILT_INS, NEED_WEIGHTS, colorizer_module, wait_for_end

#: Plugins that need about a second for some checks.
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
        (f"return {ZEROS}[1:]", "returns_chroma_of_the_right_shape"),
        (f"return {ZEROS} * np.nan", "returns_chroma_of_the_right_shape"),
        (f"import sys; sys.exit(0); return {ZEROS}", "returns_chroma_of_the_right_shape"),
        (f"import os; os._exit(3); return {ZEROS}", "returns_chroma_of_the_right_shape"),
        (f"return {ZEROS}.astype(float)", "returns_chroma_of_the_right_shape"),
        (f"return {ZEROS} + 900", "returns_chroma_of_the_right_shape"),
        (f"return {ZEROS}.astype(int)", "returns_chroma_of_the_right_shape"),
        (f"return {ZEROS} + 1 / lightness.std()", "handles_black_white_and_flat_pictures"),
        (f"assert lightness.shape[1] < 100; return {ZEROS}", "handles_odd_shapes"),
        (f"return {ZEROS} + np.random.rand()", "returns_the_same_result_twice"),
        (f"lightness += 1; return {ZEROS}", "does_not_change_its_input"),
        (
            f"old = getattr(self, 'old', 0); self.old = lightness.mean(); return {ZEROS} + old",
            "does_not_depend_on_previous_pictures",
        ),
        # Any two processes that exist soon after each other get different numbers.
        (
            f"import os; return {ZEROS} + os.getpid() * 37 % 9973 / 100",
            "works_in_another_process",
        ),
    ],
)
def test_the_checks_detect_every_fault(
    body: str, failing: str, distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution("odd", colorizer_module("odd", "odd", body))
    run = colortk("plugins", "check", "odd", "--json", plugins=site)
    assert run.returncode == 1, run.stderr
    failed = {row["check"] for row in json.loads(run.stdout) if row["status"] == "failed"}
    assert failing in failed


@pytest.mark.slow
def test_a_plugin_that_exits_fails_only_one_check(
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
def test_an_endless_check_is_stopped_with_its_child_processes(
    distribution: Callable[..., Path], colortk: Callable[..., Any], tmp_path: Path
) -> None:
    body = """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open("child", "w").write(str(child.pid))
        time.sleep(600)
    """
    site = distribution("hangs", colorizer_module("hangs", "hangs", body.strip()))
    run = colortk("plugins", "check", "hangs", "gray", "--timeout", "20", "--json", plugins=site)
    failed = [row for row in json.loads(run.stdout) if row["status"] == "failed"]
    assert [row["reason"] for row in failed] == ["it did not end in 20 s"]
    if sys.platform == "linux":  # ended, or a zombie
        wait_for_end(int((tmp_path / "child").read_text()))
    names = colortk("plugins", "check", "gray", "gra")
    assert (names.returncode, names.stdout) == (2, "")


@pytest.mark.slow
def test_the_checks_detect_a_slow_declaration(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    body = "import sklearn\n" + colorizer_module("heavy", "heavy", f"return {ZEROS}")
    site = distribution("heavy", body)
    run = colortk("plugins", "check", "heavy", "--json", plugins=site)
    rows = {row["check"]: row for row in json.loads(run.stdout)}
    assert "sklearn" in rows["declaration_is_light"]["reason"]
    # Another entry point of the same distribution is light.
    (site / "quick.py").write_text(colorizer_module("quick", "quick", f"return {ZEROS}"))
    points = site / "heavy-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "quick = quick\n")
    run = colortk("plugins", "check", "quick", "--json", plugins=site)
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
def test_the_checks_detect_samples_that_are_random(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    body = colorizer_module("dice", "dice", f"return {ZEROS}", ", samples=True").replace(
        "@hookimpl",
        "Colorizer.predict_ab_samples = lambda self, lightness, count, seed: "
        "np.random.random((count, *lightness.shape, 2)).astype(np.float32)\n\n@hookimpl",
    )
    site = distribution("dice", body)
    rows = json.loads(colortk("plugins", "check", "dice", "--json", plugins=site).stdout)
    failed = [(row["check"], row["reason"]) for row in rows if row["status"] == "failed"]
    assert [check for check, _ in failed] == ["samples_are_repeatable"]
    assert "the same seed gives versions that differ" in failed[0][1]


@pytest.mark.slow
def test_the_checks_detect_a_batch_that_differs(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    body = colorizer_module("batchy", "batchy", f"return {ZEROS}").replace(
        "@hookimpl",
        "Colorizer.predict_ab_batch = lambda self, many: np.ones((*many.shape, 2), np.float32)\n\n@hookimpl",
    )
    site = distribution("batchy", body)
    rows = json.loads(colortk("plugins", "check", "batchy", "--json", plugins=site).stdout)
    assert [row["check"] for row in rows if row["status"] == "failed"] == ["batch_equals_single"]


@pytest.mark.parametrize(("value", "warns"), [(0, False), (0.9, True), (-1, True), (1.5, False)])
def test_chroma_that_was_not_multiplied_is_a_warning(value: float, warns: bool) -> None:
    class Flat:
        def predict_ab(self, lightness: np.ndarray) -> np.ndarray:
            return np.full((*lightness.shape, 2), value, np.float32)

    loaded = Loaded(ColorizerSpec("flat", "for tests", "tests:Flat"), Flat())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_functions.returns_chroma_of_the_right_shape(loaded)
    starts = [f"chroma of {abs(value):.2g} at most, which looks gray"] if warns else []
    assert [str(w.message).partition(":")[0] for w in caught] == starts


@pytest.mark.slow
def test_a_warning_does_not_fail(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution(
        "pale", colorizer_module("pale", "pale", f"return {ZEROS} + np.float32(0.5)")
    )
    run = colortk("plugins", "check", "pale", "--json", plugins=site)
    assert run.returncode == 0, run.stdout
    (row,) = (row for row in json.loads(run.stdout) if row["status"] == "warning")
    assert row["check"] == "returns_chroma_of_the_right_shape"
    assert "have to be multiplied" in row["reason"]


def test_a_correct_third_party_plugin_passes(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution("good", colorizer_module("good", "good", f"return {ZEROS}"))
    run = colortk("plugins", "check", "good", plugins=site)
    assert run.returncode == 0, run.stdout
    rows = [line.split("\t") for line in run.stdout.splitlines()[1:]]
    assert [row[1:] for row in rows if row[2] != "passed"] == [
        ["batch_equals_single", "not run", "not run: it offers no predict_ab_batch"],
        ["samples_are_repeatable", "not run", "not run: it declares no samples"],
        ["hints_are_followed", "not run", "not run: it does not declare guided"],
        ["films_are_repeatable", "not run", "not run: it does not declare film"],
    ]


@pytest.mark.slow
def test_a_plugin_that_always_raises_fails_one_check(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    batch = "\n\nColorizer.predict_ab_batch = lambda self, many: np.zeros((*many.shape, 2), 'f')\n"
    for name, more in (("single", ""), ("many", batch)):
        body = colorizer_module(name, name, "raise KeyError('boom')")
        site = distribution(name, body + more)
        run = colortk("plugins", "check", name, "--json", plugins=site)
        assert run.returncode == 1, run.stderr
        passed, passed_too, failed, *others = json.loads(run.stdout)
        assert (passed["status"], passed_too["status"]) == ("passed", "passed")
        assert failed["check"] == "returns_chroma_of_the_right_shape"
        line = 1 + body.splitlines().index("        raise KeyError('boom')")
        assert failed["reason"].endswith(f"KeyError: 'boom' ({name}.py:{line})")
        assert {(row["status"], row["reason"]) for row in others} == {
            ("not run", "not run: returns_chroma_of_the_right_shape has failed")
        }
        assert len(others) == 11


@pytest.mark.parametrize(
    ("body", "failed", "not_run"),
    [
        (f"return {ZEROS}[1:]", ["returns_chroma_of_the_right_shape"], 11),
        (f"return {ZEROS}.astype(float)", ["returns_chroma_of_the_right_shape"], 4),
        (
            f"return {ZEROS} + np.random.rand()",
            ["returns_the_same_result_twice", "does_not_depend_on_previous_pictures"],
            5,
        ),
    ],
)
def test_a_mistake_is_not_reported_by_every_check(
    body: str, failed: list[str], not_run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace: dict[str, Any] = {}
    exec(colorizer_module("odd", "odd", body), namespace)
    (spec,) = namespace["colortk_colorizers"]()
    plugin = Loaded(spec, namespace["Colorizer"](None, None))
    declared = DeclaredPlugin(spec, "odd", "1.0")
    monkeypatch.setattr(checks, "load", lambda request: plugin)
    monkeypatch.setattr(Registry, "colorizer", lambda self, name: (declared, spec))
    for check in ("declaration_is_light", "works_in_another_process"):  # both take a process
        monkeypatch.setattr(check_functions, check, _passing(check))
    results = list(run_checks("odd"))
    assert [result.check for result in results if result.status == "failed"] == failed
    assert sum(result.status == "not run" for result in results) == not_run


def _passing(name: str) -> Callable[..., None]:
    def check(*_: Any, **__: Any) -> None:
        return

    check.__name__ = name
    return check


@pytest.mark.slow
def test_only_an_assertion_of_the_plugin_names_its_line(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    for body, reason in (
        (f"assert lightness.shape[0] < 10; return {ZEROS}", "AssertionError (odd.py:9)"),
        (f"return {ZEROS}.astype(float)", "predict_ab must return float32"),
    ):
        site = distribution("odd", colorizer_module("odd", "odd", body))
        run = colortk("plugins", "check", "odd", "--json", plugins=site)
        rows = {row["check"]: row["reason"] for row in json.loads(run.stdout)}
        assert rows["returns_chroma_of_the_right_shape"] == reason
        shutil.rmtree(site)


#: ``plugins check`` of all plugins; the built-in plugins take a minute.
PASSING = """
import sys
from colortk.cli.main import invoke
from colortk.testing import CheckResult, isolated_checks
isolated_checks.run_checks_isolated = lambda name, *_: [CheckResult("a check", None)]
sys.exit(invoke(["plugins", "check", *sys.argv[1:]]))
"""


@pytest.mark.slow
def test_checking_all_plugins_lists_the_broken_ones(
    distribution: Callable[..., Path], colortk: Callable[..., Any], tmp_path: Path
) -> None:
    def check(*arguments: str) -> tuple[int, list[dict[str, str]]]:
        command = [sys.executable, "-c", PASSING, "--json", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(site)}
        run = subprocess.run(command, capture_output=True, text=True, env=environment)
        rows = json.loads(run.stdout) if run.stdout else []
        rows = [row for row in rows if row["plugin"] not in NEED_WEIGHTS]
        return run.returncode, [row for row in rows if row["status"] != "passed"]

    site = distribution("good", colorizer_module("good", "good", f"return {ZEROS}"))
    assert check() == (0, [])
    more = f", artifacts=(__import__('colortk').plugin.Artifact('x.onnx', {'1' * 64!r}),)"
    distribution("light", colorizer_module("light", "light", f"return {ZEROS}", more))
    code, rows = check()
    assert code == 0
    assert [(row["plugin"], row["status"]) for row in rows] == [("light", "not run")]
    assert rows[0]["reason"] == "needs x.onnx: colortk weights add light FILE"
    shutil.rmtree(site / "light-1.0.dist-info")
    distribution("damaged", "def (:")
    more = ", requires=(__import__('colortk').Requirement('no_such_module', 'pip install it'),)"
    distribution("needy", colorizer_module("needy", "needy", "pass", more))
    code, rows = check()
    assert code == 3
    reasons = {row["plugin"]: row["reason"] for row in rows}
    assert {(row["check"], row["status"]) for row in rows} == {
        ("declaration_is_complete", "failed")
    }
    assert set(reasons) == {"damaged", "needy"}
    assert reasons["damaged"].startswith("broken, of damaged: import: SyntaxError: ")
    assert "pip install it" in reasons["needy"]
    assert check("good") == (0, [])
    assert check("damaged") == (3, [])
    assert colortk("plugins", "check", "damaged", plugins=site).returncode == 3


@pytest.mark.slow
def test_pytest_skips_checks_of_missing_features(
    distribution: Callable[..., Path], tmp_path: Path
) -> None:
    site = distribution("plain", colorizer_module("plain", "plain", f"return {ZEROS}"))
    tests = tmp_path / "test_plain.py"
    tests.write_text(
        "from colortk.testing import parametrize_checks\n\n"
        '@parametrize_checks("plain")\ndef test_conforms(check):\n    check()\n'
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", tests],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    assert "10 passed, 4 skipped" in run.stdout
    assert "it offers no predict_ab_batch" in run.stdout


def test_the_checks_can_be_ended_early() -> None:
    outcomes = run_checks("gray")
    assert next(outcomes).status == "passed"
    outcomes.close()  # type: ignore[attr-defined]
