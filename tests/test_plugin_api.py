"""The stable API for plugin authors, and the modules that the key of a plugin covers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import colortk
import colortk.plugin
from colortk.runtime.import_closure import SourceTree
from colortk.runtime.provenance import code_digest
from colortk.runtime.source_cache import SourceCache
from source_trees import SEMANTIC, Copy

FACADES = (colortk, colortk.plugin)


def type_checked_names(path: Path) -> dict[str, str]:
    """Return names that a package imports for type checkers only, with their modules."""
    (block,) = [
        node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    ]
    names = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                separator = "." if node.module == "colortk" else ":"
                names[alias.asname or alias.name] = f"{node.module}{separator}{alias.name}"
    return names


@pytest.mark.parametrize("package", FACADES, ids=lambda package: package.__name__)
def test_types_and_lazy_names_agree(package: object) -> None:
    table = vars(package)["_LAZY"]
    assert type_checked_names(Path(vars(package)["__file__"])) == table
    names = sorted(set(dir(package)) - {"__version__"})
    assert sorted(vars(package)["__all__"]) == sorted(table) == names
    for name in table:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'rgb_to_xyz'"):
        _ = package.rgb_to_xyz  # type: ignore[attr-defined]


def test_every_public_name_is_documented() -> None:
    for name in colortk.plugin.__all__:
        value = getattr(colortk.plugin, name)
        if callable(value) and getattr(value, "__module__", "").startswith("colortk."):
            assert value.__doc__, name


def test_a_declaration_imports_no_numpy() -> None:
    code = (
        "import sys; from colortk.plugin import API_VERSION, Artifact, ColorizerSpec, MetricSpec,"
        " RefinerSpec, Requirement, WorkingSize, UsageError, declared, hookimpl;"
        "print('numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_a_plugin_depends_on_the_modules_that_it_uses(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    plugin = tmp_path / "tint" / "__init__.py"
    plugin.parent.mkdir()
    plugin.write_text("from colortk.plugin import declared, rgb_to_lab")
    tree = SourceTree(SourceCache(None), copy.roots | {"tint": plugin.parent})

    def digest() -> str:
        return code_digest(["tint"], ["tint"], tree=tree)

    reached = set(tree.closure(["tint"], ["tint"]).modules)
    assert {"colortk.color.cielab", "colortk.store.artifact_manifest"} <= reached
    assert not {name for name in reached if name.startswith(("colortk.runtime", "colortk.harness"))}
    before = digest()
    for module in ("runtime.onnx_colorizer", "store.pickles", "io.decode", "harness.films.frame"):
        edit(copy.path(f"colortk.{module}"))
        assert digest() == before, module
    edit(copy.path("colortk.color.cielab"))
    assert digest() != before
    plugin.write_text("import colortk.plugin\nlab = colortk.plugin.rgb_to_lab")
    assert "colortk.runtime.onnx_colorizer" in tree.closure(["tint"], ["tint"]).modules


def edit(path: Path) -> None:
    path.write_bytes(path.read_bytes() + SEMANTIC)


def test_the_guide_lists_the_stable_api() -> None:
    guide = Path(__file__).resolve().parents[1] / "docs" / "writing-a-plugin.md"
    section = guide.read_text("utf-8").partition("## 8.")[2]
    listed = {
        name
        for row in section.split("\n")
        if row.startswith("| `")
        for name in row.split("`")[1::2]
    }
    assert listed == set(colortk.plugin.__all__)
