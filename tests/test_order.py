"""Which packages may import which, and what must not be imported on the way to a picture."""

from __future__ import annotations

import configparser
import subprocess
import sys
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.contracts.layers import LayersContract

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = "importlinter:contract:layers"


def layers() -> list[list[str]]:
    """Packages of each layer, from the highest to the lowest, as setup.cfg declares them."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    lines = config[CONTRACT]["layers"].split("\n")
    return [[name.strip() for name in line.split("|")] for line in lines if line.strip()]


@pytest.fixture(scope="module")
def graph() -> Any:
    return grimp.build_graph("colortk", cache_dir=None)


def kept(graph: Any) -> bool:
    """Whether the graph of imports keeps the contract of setup.cfg, without its exceptions."""
    options = {"containers": ["colortk"], "layers": [" | ".join(names) for names in layers()]}
    contract = LayersContract("layers", {"root_packages": ["colortk"]}, options)
    return bool(contract.check(graph, verbose=False).kept)


def test_each_import_of_a_higher_layer_breaks_the_contract(graph: Any) -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    for line in config[CONTRACT].get("ignore_imports", "").split("\n"):
        if line.strip():
            importer, _, imported = line.partition("->")
            graph.remove_import(importer=importer.strip(), imported=imported.strip())
    assert kept(graph)
    order = layers()
    wrong = [(low, high) for high, lower in pairwise(order) for low in lower]
    wrong += [(names[0], names[1:2]) for names in order if len(names) > 1]
    for low, highs in wrong:
        for high in highs:
            changed = deepcopy(graph)
            changed.add_import(importer=f"colortk.{low}", imported=f"colortk.{high}")
            assert not kept(changed), f"{low} may import {high}"


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
    for folder in ("colortk", "plugins"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text("utf-8").splitlines()) <= 320, path
