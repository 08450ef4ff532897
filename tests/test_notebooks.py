"""The notebooks run from the first cell to the last, and show pictures and tables."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "examples" / "notebooks"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shown"),
    [("colorize_and_tune", "image/png"), ("compare_two_plugins", "text/html")],
)
@pytest.mark.filterwarnings("default")
def test_a_notebook_runs(name: str, shown: str, tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "clear all outputs"
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    kinds = {
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        for kind in output.get("data", ())
    }
    assert shown in kinds


def test_there_is_no_notebook_that_is_not_tested() -> None:
    names = {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    assert names == {"colorize_and_tune", "compare_two_plugins"}
