"""Error messages of failing plugins name line and reason, once each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from colortk.testing import CheckResult
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
def test_strict_mode_shows_where_a_plugin_failed(
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


#: A package in which the model calls ``inner``, and ``inner`` calls NumPy.
INNER = """
import numpy as np

def inner(lightness):
    return {}
"""


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("{}['boom']", "KeyError: 'boom' (odd.py:5)"),
        ("np.reshape(lightness, (1, 2, 3))", "(odd.py:5)"),
        ("exec('1 / 0')", "ZeroDivisionError: division by zero (odd.py:5)"),
        ("__import__('json').loads('{')", "(odd.py:5)"),
        ("next(iter(()))", "StopIteration (odd.py:5)"),
    ],
)
@pytest.mark.slow
def test_the_message_names_the_failing_line(
    statement: str,
    error: str,
    distribution: Callable[..., Path],
    colortk: Callable[..., Any],
    picture: Path,
) -> None:
    source = INNER.format(statement).rstrip() + colorizer_module(
        "odd", "odd", "return inner(lightness)"
    )
    site = distribution("odd", source)
    for more in ([], ["--timeout", "60"]):
        run = colortk("run", "-p", "odd", picture, *more, plugins=site)
        assert run.stderr.count("\n") == 1
        assert run.stderr.endswith(f"{error}\n")
        assert "plugin 'odd' failed: " in run.stderr


def test_the_message_names_the_line_of_a_failed_import(
    distribution: Callable[..., Path], colortk: Callable[..., Any], picture: Path
) -> None:
    body = colorizer_module("odd", "odd", "pass").replace(FACTORY, "1 / 0")
    site = distribution("odd", body)
    line = 1 + body.splitlines().index("        1 / 0")
    run = colortk("run", "-p", "odd", picture, plugins=site)
    assert run.stderr.endswith(f"ZeroDivisionError: division by zero (odd.py:{line})\n")
    for content, end in (
        ("\nimport a_module_nobody_has", "No module named 'a_module_nobody_has' (apart.py:2)\n"),
        ("\n\ndef (:", "(apart.py, line 3)\n"),
        (None, "No module named 'apart'\n"),
    ):
        (site / "apart.py").unlink(missing_ok=True)
        if content is not None:
            (site / "apart.py").write_text(content)
        (site / "odd.py").write_text(body.replace("odd:Colorizer", "apart:Colorizer"))
        run = colortk("run", "-p", "odd", picture, plugins=site)
        assert run.returncode == 3
        assert run.stderr.endswith(end)


def test_a_check_passes_fails_or_is_not_run() -> None:
    assert CheckResult("a", None).status == "passed"
    assert CheckResult("a", "why").status == "failed"
    assert CheckResult("a", "not run: why", ran=False).status == "not run"
