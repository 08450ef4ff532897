"""The examples in the docstrings of public modules print the documented results."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

#: Modules with functions for users, and whether each has examples that run.
MODULES = {
    "colortk.api.picture": True,
    "colortk.api.plugins": True,
    "colortk.api.variants": True,
    "colortk.api.film": False,
    "colortk.batch.run": False,
    "colortk.errors": True,
    "colortk.metrics": True,
    "colortk.harness.compare": False,
}


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_of_public_modules_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORTK_STORE", str(tmp_path / "store"))
    failed, attempted = doctest.testmod(import_module(name))
    assert failed == 0
    assert attempted or not MODULES[name], "it has no example that runs"
