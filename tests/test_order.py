"""The rooms: who may import whom, and what never loads on the way to a picture."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: A module may import modules of its own rank or lower.
RANKS = {
    "errors": 0, "spec": 0, "progress": 0, "option_types": 0, "origins": 0, "process_state": 0,
    "hookspecs": 1, "_cv": 1,
    "host": 2, "builtins": 2, "color": 2,
    "options": 3, "matrix_profile": 3, "profiles": 3, "directories": 3, "opening": 3, "images": 3, "folders": 3, "encode": 3, "refine": 3, "flow": 3, "upsample": 3, "working": 3, "samples": 3, "scaffold": 3,
    "io": 3, "runtime": 3, "process": 3, "codec": 3, "store": 4, "loading": 4, "isolate": 4,
    "pipeline": 5,
    "training": 6, "serving": 6, "networked": 6,
    "batch": 6, "video": 6, "harness": 6, "testing": 6,
    "metrics": 7,
    "survey": 7, "ui": 7,
    "api": 7, "cli": 7,
}  # fmt: skip


def imports(path: Path) -> set[str]:
    """First parts of the ``colortk`` modules that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f"{path} has a relative import, which this test cannot follow")
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "colortk":
                names = [f"colortk.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("colortk.")}
    return found & set(RANKS) | {name for name in found if name not in RANKS and name.islower()}


FILES = [
    p for p in sorted((ROOT / "colortk").rglob("*.py")) if p != ROOT / "colortk" / "__init__.py"
]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_data_goes_one_way(path: Path) -> None:
    room = path.relative_to(ROOT / "colortk").parts[0].removesuffix(".py")
    for other in imports(path):
        assert RANKS[other] <= RANKS[room], f"{room} imports {other}"
    if room in ("spec", "errors"):
        assert not imports(path) - {room}


def test_nothing_of_ours_imports_the_plugins() -> None:
    for path in FILES:
        assert "import colortk_plugins" not in path.read_text("utf-8"), path
        assert "from colortk_plugins" not in path.read_text("utf-8"), path


@pytest.mark.parametrize("plugin", ["effnet_bins", "sift_mlp", "autoencoder"])
def test_a_run_loads_nothing_that_it_does_without(plugin: str, tmp_path: Path) -> None:
    from PIL import Image

    from conftest import photo

    name = "x.jpg" if plugin == "effnet_bins" else "x.png"
    Image.fromarray(photo()).save(tmp_path / name)
    code = (
        "import sys; from colortk.cli.main import invoke;"
        "heavy = {'tensorflow', 'keras', 'torch', 'jax', 'onnx', 'sklearn', 'scipy', 'matplotlib', 'joblib',"
        " 'tifffile', 'imagecodecs', 'colortk.io.tiff',"
        " 'multiprocessing'};"
        "assert invoke(['run', '-p', sys.argv[2], sys.argv[1]]) == 0;"
        "print('LOADED', *heavy & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / name), plugin]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert out.stdout.splitlines()[-1].split() == ["LOADED"]


def test_files_are_short() -> None:
    for path in [*FILES, *(ROOT / "plugins").rglob("*.py")]:
        assert len(path.read_text("utf-8").splitlines()) <= 320, path
