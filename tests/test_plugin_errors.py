"""What the author of a plugin that fails is told: where, why, and each thing once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from colortk.testing import Outcome
from conftest import colorizer_module

STRICT = {"COLORTK_STRICT": "1"}
FACTORY = "self.options = options"


@pytest.mark.parametrize(
    ("where", "statement", "error"),
    [
        ("factory", "1 / 0", "ZeroDivisionError: division by zero"),
        ("factory", "raise SystemExit(0)", "SystemExit: 0"),
        ("predict", "1 / 0", "ZeroDivisionError: division by zero"),
        ("predict", "open('no such file')", "FileNotFoundError: [Errno 2]"),
    ],
)
def test_strict_shows_where_it_failed(
    where: str,
    statement: str,
    error: str,
    distribution: Callable[..., Path],
    colortk: Callable[..., Any],
    picture: Path,
) -> None:
    body = colorizer_module("odd", "odd", statement if where == "predict" else "pass")
    if where == "factory":
        body = body.replace(FACTORY, statement)
    site = distribution("odd", body)
    run = colortk("run", "-p", "odd", picture, plugins=site)
    assert run.stderr.count("\n") == 1
    run = colortk("run", "-p", "odd", picture, plugins=site, env=STRICT)
    assert run.returncode == 1
    assert "Traceback" in run.stderr
    assert f'{site / "odd.py"}", line' in run.stderr
    assert error in run.stderr
    assert "plugin 'odd'" in run.stderr.splitlines()[-1]


def test_strict_raises_an_exit_on_import(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    site = distribution("leaver", "import sys\nsys.exit(0)")
    run = colortk("plugins", "list", plugins=site, env=STRICT)
    assert run.returncode == 1
    assert "SystemExit" in run.stderr


@pytest.mark.slow
def test_an_unknown_name_may_be_that_of_a_broken_package(
    distribution: Callable[..., Path], colortk: Callable[..., Any], picture: Path
) -> None:
    site = distribution("my-package", "import a_module_nobody_has")
    run = colortk("run", "-p", "sepia", picture, plugins=site)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "no colorizer 'sepia'" in run.stderr
    assert (
        "my_package of my-package is broken"
        " (import: the module 'a_module_nobody_has' is not installed)" in run.stderr
    )
    for number in range(5):
        distribution(f"other{number}", f"raise ValueError({number})")
    run = colortk("run", "-p", "sepia", picture, plugins=site)
    assert run.stderr.count(" is broken (") == 3
    run = colortk("run", "-p", "gray", picture, plugins=site)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_factory_that_fails_is_reported_once(
    distribution: Callable[..., Path], colortk: Callable[..., Any]
) -> None:
    body = colorizer_module("odd", "odd", "pass").replace(FACTORY, "1 / 0")
    run = colortk("plugins", "check", "odd", "--json", plugins=distribution("odd", body))
    assert run.returncode == 1, run.stderr
    reasons = [row["reason"] for row in json.loads(run.stdout)]
    assert len(reasons) > 8
    assert len([reason for reason in reasons if "ZeroDivisionError" in reason]) == 1
    rest = [reason for reason in reasons if reason.startswith("not run: plugin 'odd' cannot be")]
    assert len(rest) == len(reasons) - 3, "two checks of the declaration need no factory"


def test_the_three_ends_of_a_check() -> None:
    assert Outcome("a", None).status == "passed"
    assert Outcome("a", "why").status == "failed"
    assert Outcome("a", "not run: why", ran=False).status == "not run"
