"""A broken third-party plugin affects neither other plugins nor the command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from colortk.cli.main import invoke
from conftest import BUILT_INS, colorizer_module

BUILT_IN = set(BUILT_INS)
GOOD = colorizer_module("good", "good", "return np.zeros((*lightness.shape, 2), np.float32)")

#: Faults by name: module body, target of the entry point or None, and the expected message.
KINDS: dict[str, tuple[str, str | None, str]] = {
    "import error": ("raise RuntimeError('broken on import')", None, "broken on import"),
    "exit on import": ("import sys\nsys.exit(3)", None, "SystemExit"),
    "missing dependency": (
        "import a_module_nobody_has",
        None,
        "'a_module_nobody_has' is not installed",
    ),
    "wrong hook arguments": (
        "from colortk import hookimpl\n@hookimpl\ndef colortk_colorizers(surprise): return []",
        None,
        "surprise",
    ),
    "misspelled hook": (
        "from colortk import hookimpl\n@hookimpl\ndef colortk_colorizer(): return []",
        None,
        "colortk_colorizer",
    ),
    "hook that raises": (
        "from colortk import hookimpl\n@hookimpl\ndef colortk_colorizers(): raise ValueError('inside the hook')",
        None,
        "inside the hook",
    ),
    "future API": (
        colorizer_module("{module}", "future", "pass", ", api_version=99"),
        None,
        "plugin API 99",
    ),
    "taken name": (
        colorizer_module("{module}", "gray", "pass"),
        None,
        "claimed by colorization-toolkit and taken-name",
    ),
    "unmarked hook": ("def colortk_colorizers(): return []", None, "not marked with @hookimpl"),
    "no hook": ("value = 1", None, "implements none of the hooks"),
    "not a spec": (
        "from colortk import hookimpl\n@hookimpl\ndef colortk_colorizers(): return ['gray']",
        None,
        "returned str",
    ),
    "nothing iterable": (
        "from colortk import hookimpl\n@hookimpl\ndef colortk_colorizers(): return 7",
        None,
        "not iterable",
    ),
    "requirement as text": (
        colorizer_module("{module}", "wrong", "pass", ", requires=('torch',)"),
        None,
        "requires that are not a tuple of Requirement",
    ),
    "a paper that is no text": (
        colorizer_module("{module}", "wrong", "pass", ", paper=3"),
        None,
        "is not text",
    ),
    "options without defaults": (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass O:\n    x: int\n"
        + colorizer_module("{module}", "wrong", "pass", ", options=O"),
        None,
        "cannot be made from their defaults",
    ),
    "working size of zero": (
        colorizer_module("{module}", "wrong", "pass").replace("short=32", "short=0"),
        None,
        "working size of 0",
    ),
    "bad name": (colorizer_module("{module}", "Bad Name!", "pass"), None, "Bad Name!"),
    "no such module": ("", "not_there_at_all", "'not_there_at_all' is not installed"),
    "no such attribute": ("", "no_such_attribute:thing", "thing"),
    "syntax error": ("def (:", None, "SyntaxError"),
}


def install(distribution: Callable[..., Path], kind: str) -> Path:
    body, target, _ = KINDS[kind]
    name = kind.lower().replace(" ", "-")
    return distribution(name, body.replace("{module}", name.replace("-", "_")), target)


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_plugin_is_a_row_and_all_others_work(
    kind: str, distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    distribution("good", GOOD)
    site = install(distribution, kind)
    run = colortk("plugins", "list", "--json", plugins=site)
    assert run.returncode == 0, run.stderr
    rows = json.loads(run.stdout)
    assert {row["name"] for row in rows if row["status"] == "ok"} == BUILT_IN | {"good"}
    (broken,) = [row for row in rows if row["status"] == "broken"]
    assert broken["distribution"] == kind.lower().replace(" ", "-")
    assert KINDS[kind][2] in broken["summary"]
    assert "\n" not in broken["summary"]


@pytest.mark.slow
def test_many_broken_plugins_do_not_stop_a_run(
    distribution: Callable[..., Path], colortk: Callable[..., Any], picture: Path
) -> None:
    for kind in KINDS:
        site = install(distribution, kind)
    distribution("good", GOOD)
    run = colortk("run", "-p", "good", picture, plugins=site)
    assert run.returncode == 0, run.stderr
    assert picture.with_name("photo-colorized.png").exists()
    listed = json.loads(colortk("plugins", "list", "--json", plugins=site).stdout)
    assert len([row for row in listed if row["status"] == "broken"]) == len(KINDS)


def test_a_distribution_with_damaged_metadata_fails_alone(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution("good", GOOD)
    (site / "damaged-1.0.dist-info").mkdir()
    (site / "damaged-1.0.dist-info" / "entry_points.txt").write_text("[colortk]\nno equals sign\n")
    run = colortk("plugins", "list", "--json", plugins=site)
    assert run.returncode == 0, run.stderr
    names = {row["name"] for row in json.loads(run.stdout) if row["status"] == "ok"}
    assert names == BUILT_IN | {"good"}


@pytest.mark.slow
def test_text_printed_by_a_plugin_is_not_in_the_output(
    distribution: Callable[..., Path], colortk: Callable[..., Any], picture: Path
) -> None:
    body = "print('on import')\n" + colorizer_module(
        "chatty",
        "chatty",
        "print('predicting'); return np.zeros((*lightness.shape, 2), np.float32)",
    )
    site = distribution("chatty", body)
    json.loads(colortk("plugins", "list", "--json", plugins=site).stdout)
    for more in ([], ["--timeout", "60"]):
        run = colortk("run", "-p", "chatty", picture, "--json", "--force", *more, plugins=site)
        assert json.loads(run.stdout)["error"] is None
        assert "predicting" in run.stderr


def test_strict_mode_raises_errors_of_plugins(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = install(distribution, "hook that raises")
    run = colortk("plugins", "list", plugins=site, env={"COLORTK_STRICT": "1"})
    assert run.returncode != 0
    assert "inside the hook" in run.stderr


def test_two_third_party_plugins_with_one_name_are_both_refused(
    distribution: Callable[..., Path], colortk: Callable[..., Any], picture: Path
) -> None:
    for name in ("first", "second"):
        site = distribution(name, colorizer_module(name, "shared", "pass"))
    run = colortk("run", "-p", "shared", picture, plugins=site)
    assert run.returncode == 3
    assert "claimed by first and second" in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_missing_requirement_says_what_to_install(
    distribution: Callable[..., Path], colortk: Callable[..., Any], picture: Path
) -> None:
    more = ", requires=(__import__('colortk').Requirement('no_such_module', 'pip install it'),)"
    site = distribution("needy", colorizer_module("needy", "needy", "pass", more))
    rows = json.loads(colortk("plugins", "list", "--json", plugins=site).stdout)
    (row,) = [row for row in rows if row["name"] == "needy"]
    assert row["status"] == "unavailable"
    assert "pip install it" in row["summary"]
    run = colortk("run", "-p", "needy", picture, plugins=site)
    assert run.returncode == 3
    assert "pip install it" in run.stderr


def test_a_broken_plugin_asked_for_by_name_says_why(
    distribution: Callable[..., Path], colortk: Callable[..., Any], picture: Path
) -> None:
    site = install(distribution, "import error")
    run = colortk("run", "-p", "import_error", picture, plugins=site)
    assert run.returncode == 3
    assert "broken on import" in run.stderr
    assert run.stderr.count("\n") == 1


def test_plugins_list_imports_no_heavy_library(tmp_path: Path) -> None:
    code = (
        "import sys; from colortk.cli.main import invoke; invoke(['plugins', 'list']);"
        "heavy = {'numpy', 'cv2', 'tensorflow', 'onnxruntime', 'sklearn', 'scipy', 'PIL', 'rich'};"
        "print('LOADED', *heavy & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert out.stdout.splitlines()[-1].split() == ["LOADED"]


def test_plugins_show_and_check_print_one_plugin(colortk: Callable[..., Any]) -> None:
    shown = json.loads(colortk("plugins", "show", "sift_mlp", "--json").stdout)
    assert shown["distribution"] == "colorization-toolkit"
    assert {item["name"] for item in shown["artifacts"]} == {"a.npz", "b.npz"}
    assert len(shown["artifact_digest"]) == 64
    assert "Team 2" in shown["paper"]
    assert colortk("plugins", "show", "gra").stderr.count("did you mean 'gray'") == 1
    run = colortk("plugins", "check", "gray", "--json")
    assert run.returncode == 0, run.stdout
    statuses = {row["check"]: row["status"] for row in json.loads(run.stdout)}
    assert statuses.pop("batch_equals_single") == "not run"
    assert statuses.pop("samples_are_repeatable") == "not run"
    assert statuses.pop("hints_are_followed") == "not run"
    assert statuses.pop("films_are_repeatable") == "not run"
    assert set(statuses.values()) == {"passed"}


def test_plugins_show_prints_metrics_and_refiners(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["plugins", "show", "psnr", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["name"], shown["unit"], shown["higher_is_better"]) == ("psnr", "dB", True)
    assert shown["bounds"] == [0, 100]
    assert shown["distribution"] == "colorization-toolkit"
    assert invoke(["plugins", "show", "naturalness", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bounds"] == [None, None]  # JSON has no infinity
    assert invoke(["plugins", "show", "ratio"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "function:             colortk.color.refine:ratio" in lines
    assert invoke(["plugins", "show", "psn"]) == 2


def test_the_list_marks_the_default(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution("rival", colorizer_module("rival", "effnet_bins", "pass"))
    rows = json.loads(colortk("plugins", "list", "--json", plugins=site).stdout)
    marked = [(row["name"], row["status"]) for row in rows if row["default"]]
    assert marked == [("effnet_bins", "ok")]
    lines = colortk("plugins", "list").stdout.splitlines()
    (line,) = [line for line in lines if line.endswith(" (default)")]
    assert line.split("\t")[:2] == ["effnet_bins", "ok"]
    refiners = json.loads(colortk("plugins", "list", "--kind", "refiner", "--json").stdout)
    assert not any("default" in row for row in refiners)


def test_show_describes_options(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    options = (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass Described:\n"
        '    """How a *colorizer*\n    works.\n\n    Parameters\n    ----------\n'
        "    x, z : int\n        See :func:`.far`,\n        and ``near``.\n\n"
        '    Raises\n    ------\n    ValueError\n        Never.\n    """\n'
        "    x: int = 1\n    y: int = 2\n    z: int = 3\n"
        "@dataclasses.dataclass(frozen=True)\nclass Silent:\n    y: int = 2\n"
    )
    more = ", options=Described, train_options=Silent"
    site = distribution(
        "described", options + colorizer_module("described", "described", "pass", more)
    )
    shown = json.loads(colortk("plugins", "show", "described", "--json", plugins=site).stdout)
    text = "See far, and near."
    assert shown["options"] == [
        {"name": "x", "type": "int", "default": 1, "doc": text},
        {"name": "y", "type": "int", "default": 2, "doc": ""},
        {"name": "z", "type": "int", "default": 3, "doc": text},
    ]
    assert shown["options_doc"] == "How a *colorizer* works."
    assert shown["train_options_doc"] is None
    lines = colortk("plugins", "show", "described", plugins=site).stdout.splitlines()
    assert f"  x: {text} (int, default 1)" in lines
    assert "  y: int, default 2" in lines


def test_every_hook_is_tested_and_documented() -> None:
    from colortk.plugin import hookspecs

    root = Path(__file__).resolve().parents[1]
    docs = (root / "docs" / "plugins.md").read_text("utf-8")
    for name in vars(hookspecs):
        if name.startswith("colortk_"):
            assert f"`{name}()`" in docs
