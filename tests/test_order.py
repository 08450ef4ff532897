"""Which packages may import which, and which modules `run` must not import."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.configuration import configure
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = "importlinter:contract:layers"


def layers() -> list[list[str]]:
    """Return the packages of each layer, from the highest to the lowest, as declared in setup.cfg."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    lines = config[CONTRACT]["layers"].split("\n")
    return [[name.strip() for name in line.split("|")] for line in lines if line.strip()]


@pytest.fixture(scope="module")
def graph() -> Any:
    return grimp.build_graph("colortk", cache_dir=None)


def kept(graph: Any) -> bool:
    """Return whether the import graph keeps the contract of setup.cfg, without its exceptions."""
    options = {"containers": ["colortk"], "layers": [" | ".join(names) for names in layers()]}
    contract = LayersContract("layers", {"root_packages": ["colortk"]}, options)
    return bool(contract.check(graph, verbose=False).kept)


def test_each_import_of_a_higher_layer_breaks_the_contract(graph: Any) -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    for line in config[CONTRACT].get("ignore_imports", "").split("\n"):
        if line.strip():
            importer, imported = (part.strip() for part in line.split("->"))
            for module in graph.find_modules_directly_imported_by(importer):
                if imported in (module, "colortk.**"):
                    graph.remove_import(importer=importer, imported=module)
    assert kept(graph)
    order = layers()
    wrong = [(low, high) for high, lower in pairwise(order) for low in lower]
    wrong += [(names[0], names[1:2]) for names in order if len(names) > 1]
    for low, highs in wrong:
        for high in highs:
            changed = deepcopy(graph)
            changed.add_import(importer=f"colortk.{low}", imported=f"colortk.{high}")
            assert not kept(changed), f"{low} may import {high}"


def test_a_plugin_that_imports_deeper_breaks_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)  # the installed package has `plugins` under another name
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    section = config["importlinter:contract:stable_api"]
    graph = grimp.build_graph("colortk", "plugins", cache_dir=None)
    options = {
        "source_modules": section["source_modules"].split(),
        "forbidden_modules": section["forbidden_modules"].split(),
        "allow_indirect_imports": "true",
    }
    configure()
    contract = ForbiddenContract("stable", {"root_packages": ["colortk", "plugins"]}, options)
    assert contract.check(graph, verbose=False).kept
    allowed = {"colortk.plugin", "colortk.training"}
    packages = graph.find_children("colortk") - allowed
    for module in sorted({*packages, "colortk.plugin.spec"}):
        graph.add_import(importer="plugins.gray.colorizer", imported=module)
        assert not contract.check(graph, verbose=False).kept, module
        graph.remove_import(importer="plugins.gray.colorizer", imported=module)


def test_examples_import_the_stable_api_alone() -> None:
    modules = [path for path in (ROOT / "examples").rglob("*.py") if path.parent.name != "tests"]
    assert len(modules) >= 5
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert not any(name.name.split(".")[0] == "colortk" for name in node.names), path
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("colortk."):
                assert node.module == "colortk.plugin" or (node.module or "").startswith(
                    "colortk.training."
                ), f"{path}: {node.module}"


@pytest.mark.parametrize("plugin", ["effnet_bins", "sift_mlp", "autoencoder"])
def test_a_run_imports_no_unneeded_library(plugin: str, tmp_path: Path) -> None:
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


def test_a_run_imports_no_other_built_in_plugin(tmp_path: Path) -> None:
    from PIL import Image

    from conftest import photo

    Image.fromarray(photo()).save(tmp_path / "x.png")
    code = (
        "import sys; from colortk.cli.main import invoke\n"
        "arguments = ['run', '-p', 'mean_color', sys.argv[1], '--force']\n"
        "assert invoke(arguments, one_command=True) == 0\n"
        "print('LOADED', *sorted({name.split('.')[1] for name in sys.modules"
        " if name.startswith('colortk_plugins.')}))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "x.png")]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert "LOADED mean_color\n" in out


def test_an_unknown_plugin_name_is_searched_in_all_distributions(tmp_path: Path) -> None:
    code = "from colortk.cli.main import main; main()"
    command = [sys.executable, "-c", code, "run", "-p", "effnet_bin", str(tmp_path / "x.png")]
    (tmp_path / "x.png").write_bytes(b"")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert "did you mean 'effnet_bins'?" in run.stderr


def test_files_are_short() -> None:
    for folder in ("colortk", "plugins"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text("utf-8").splitlines()) <= 320, path
