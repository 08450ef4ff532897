"""Import closures of small packages, digests of sources, and versions of libraries."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from colortk.runtime import source_cache
from colortk.runtime.ast_digest import read_source
from colortk.runtime.data_files import data_files
from colortk.runtime.import_closure import SourceTree
from colortk.runtime.library_versions import library_version
from colortk.runtime.provenance import code_digest
from colortk.runtime.source_cache import SourceCache


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


PACKAGE = {
    "__init__.py": "",
    "start.py": (
        "from typing import TYPE_CHECKING\n"
        "import importlib\n"
        "from . import beside\n"
        "from .inner import deep\n"
        "from .inner.values import NUMBER\n"
        "import pkg.whole\n"
        "FACTORY = 'pkg.named:build'\n"
        "if TYPE_CHECKING:\n    from .types_only import T\n"
        "def f():\n"
        "    from pkg import lazily\n"
        "    importlib.import_module('pkg.constant')\n"
        "    importlib.import_module('.relative', __package__)\n"
        "    try:\n        import not_installed_anywhere\n    except ImportError:\n        pass\n"
        "    import numpy.linalg, json\n"
    ),
    **dict.fromkeys(
        ["beside.py", "whole.py", "named.py", "lazily.py", "constant.py", "relative.py"], ""
    ),
    **dict.fromkeys(["types_only.py", "unused.py", "inner/unused.py", "inner/other.py"], ""),
    "inner/__init__.py": "",
    "inner/deep.py": "from ..second import x",
    "inner/values.py": "NUMBER = 1",
    "second.py": "import pkg.start\nx = 1",
}


def test_every_way_to_import_is_followed(tmp_path: Path) -> None:
    folder = write(tmp_path / "pkg", PACKAGE)
    closure = SourceTree(SourceCache(None), {"pkg": folder}).closure(["pkg.start"], ["pkg"])
    names = "start beside inner inner.deep inner.values whole named lazily constant relative second"
    assert set(closure.modules) == {"pkg", *(f"pkg.{name}" for name in names.split())}
    assert set(closure.libraries) == {"numpy", "not_installed_anywhere"}
    assert closure.libraries["numpy"] == {"pkg.start"}


def test_a_lazy_facade_is_followed_only_for_used_names(tmp_path: Path) -> None:
    facade = (
        "_LAZY = {'color': 'pkg.color:convert', 'network': '.network:Network', 'page': 'pkg.page'}\n"
        "def __getattr__(name): ...\n"
    )
    files = {"__init__.py": facade, "color.py": "", "network.py": "", "page.py": ""}
    files |= {
        "a.py": "from pkg import color, network",
        "b.py": "import pkg",
        "c.py": "import pkg.a",
    }
    tree = SourceTree(SourceCache(None), {"pkg": write(tmp_path / "pkg", files)})

    def reached(module: str) -> set[str]:
        return {name.removeprefix("pkg.") for name in tree.closure([module], ["pkg"]).modules}

    assert reached("pkg.a") == {"pkg", "a", "color", "network"}
    assert reached("pkg.b") == {"pkg", "b", "color", "network", "page"}
    assert reached("pkg.c") == {"pkg", "a", "c", "color", "network"}


def test_local_sources_are_followed_and_installed_libraries_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "lib" / "site-packages"
    write(site, {"installed_plugin/__init__.py": "", "installed_plugin/x.py": "import its_helper"})
    write(site, {"its_helper.py": "import a_library", "a_library/__init__.py": ""})
    write(site, {"a_library-1.0.dist-info/top_level.txt": "a_library"})
    write(
        tmp_path / "src", {"local_helper.py": "", "my_plugin.py": "import local_helper, a_library"}
    )
    for place in (site, tmp_path / "src"):
        monkeypatch.syspath_prepend(str(place))
    tree = SourceTree(SourceCache(None))
    closure = tree.closure(["my_plugin"])
    assert set(closure.modules) == {"my_plugin", "local_helper"}
    assert set(closure.libraries) == {"a_library"}
    closure = tree.closure(["installed_plugin.x"], ["installed_plugin", "its_helper"])
    assert set(closure.modules) == {"installed_plugin", "installed_plugin.x", "its_helper"}
    before = code_digest(["my_plugin"], tree=tree)
    (site / "a_library-1.0.dist-info").rename(site / "a_library-1.1.dist-info")
    assert code_digest(["my_plugin"], tree=SourceTree(SourceCache(None))) != before


SAME = [
    ("x = 1", "x = 1  # a comment\n\n\n"),
    (
        "def f(a, b): return a + b",
        'def f(\n    a,\n    b,\n):\n    """Words."""\n    return (a + b)',
    ),
    ("class C:\n    x = 1", 'class C:\n    """Words."""\n    x = 1\n    """More words."""'),
    ("x = 'a'", 'x = "a"'),
    ("x = 1000", "x = 1_000"),
    ("x = 'ab'", "x = 'a' 'b'"),
    ("def f(): ...", "async_ = 0\ndef f(): ...".replace("async_ = 0\n", '"""Words."""\n')),
]
OTHER = [
    ("y = gelu(x)", "y = relu(x)"),
    ("x = 1", "x = 1.0"),
    ("x = 1", "x = True"),
    ("x = None", "x = 'None'"),
    ("x = 'a'", "x = b'a'"),
    ("x = -1", "x = 1"),
    ("def f(a=1): ...", "def f(a=2): ..."),
    ("def f(a, b): ...", "def f(b, a): ..."),
    ("def f(a, *, b): ...", "def f(a, b): ..."),
    ("x = a if b else c", "x = c if b else a"),
    ("a, b = 1, 2", "b, a = 1, 2"),
    ("x = [1, [2]]", "x = [[1], 2]"),
    ("x = a + b * c", "x = (a + b) * c"),
    ("x = {**a}", "x = {'a': a}"),
    ("from a import b", "from .a import b"),
    ("if x:\n    a()\nb()", "if x:\n    a()\n    b()"),
    ("def f():\n    global x\n    x = 1", "def f():\n    x = 1"),
    ('def f():\n    """a"""\nx = f.__doc__', 'def f():\n    """b"""\nx = f.__doc__'),
    ("def (:", "def  (:"),  # not Python, so its bytes count
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_comments_and_layout_do_not_change_a_digest(first: str, second: str) -> None:
    assert read_source(first.encode()).digest == read_source(second.encode()).digest


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_changed_code_changes_the_digest(first: str, second: str) -> None:
    assert read_source(first.encode()).digest != read_source(second.encode()).digest


def test_sources_are_parsed_once_for_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_text(
        "from . import b\nX = 'pkg.mod:f'\n_LAZY = {'n': 'p.q:r'}\ndef __getattr__(n): ..."
    )
    first = SourceCache(tmp_path / "cache")
    meaning = first.source(path)
    first.save()
    assert meaning.references == ("pkg.mod",)
    assert meaning.lazy == (("n", "p.q"),)
    with monkeypatch.context() as patch:
        patch.setattr(source_cache, "read_source", lambda content: pytest.fail("parsed again"))
        assert SourceCache(tmp_path / "cache").source(path) == meaning
    (stored,) = (tmp_path / "cache").iterdir()
    for damage in ("", "[]", "{", json.dumps(dict.fromkeys(json.loads(stored.read_bytes()), 1))):
        stored.write_text(damage)
        assert SourceCache(tmp_path / "cache").source(path) == meaning
    path.write_text("from . import c")
    assert first.source(path).imports[0].names == ("c",)
    nowhere = SourceCache(path / "below a file")
    assert nowhere.source(path) == first.source(path)
    nowhere.save()


def test_versions_are_read_from_the_names_of_metadata_folders(tmp_path: Path) -> None:
    lines = {"opencv_python_headless-4.9.0.80.dist-info/RECORD": "cv2/__init__.py,,"}
    lines |= {"pyyaml-6.0.dist-info/top_level.txt": "_yaml\nyaml\n"}
    lines |= {"Pillow-10.3.0.dist-info/RECORD": "", "numpy-2.0.1.dist-info/METADATA": ""}
    lines |= {"onnxruntime_gpu-1.18.0.dist-info/METADATA": ""}
    lines |= {"hatched-0.1.dist-info/RECORD": "its_module.py,sha256=x,3\nother/x.py,,"}
    write(tmp_path, lines)
    assert library_version("cv2", tmp_path) == "opencv-python-headless 4.9.0.80"
    assert library_version("PIL", tmp_path) == "pillow 10.3.0"
    assert library_version("numpy", tmp_path) == "numpy 2.0.1"
    assert library_version("yaml", tmp_path) == "pyyaml 6.0"
    assert library_version("its_module", tmp_path) == "hatched 0.1"
    assert library_version("onnxruntime", tmp_path) == "onnxruntime-gpu 1.18.0"
    assert library_version("nothing", tmp_path) == "nothing unknown"
    assert library_version("nothing", None) == "nothing absent"


def test_data_files_of_packages_belong_to_the_closure(tmp_path: Path) -> None:
    manifest = json.dumps({"artifacts": {"weights.onnx": {"sha256": "0"}}})
    files = {"artifacts/manifest.json": manifest, "artifacts/weights.onnx": "", "__init__.py": ""}
    files |= {"artifacts/more.bin": "", "palette.npy": "", "README.md": "", "example.jpg": ""}
    files |= {
        "data/colors.csv": "",
        "data/deep/x.png": "",
        "package/__init__.py": "",
        "package/y": "",
    }
    write(tmp_path, files)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "z.pyc").write_text("")
    names = [path.relative_to(tmp_path).as_posix() for path in data_files(tmp_path)]
    assert names == [
        "artifacts/manifest.json", "artifacts/more.bin", "data/colors.csv", "data/deep/x.png",
        "palette.npy",
    ]  # fmt: skip


def test_declared_modules_belong_to_the_closure(
    distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from colortk.plugin.registry import registry
    from colortk.runtime.provenance import colorizer_code
    from conftest import colorizer_module

    place = distribution(
        "computed", colorizer_module("computed", "computed", "pass", ", modules=('by_name',)")
    )
    (place / "by_name.py").write_text("X = 1")
    monkeypatch.syspath_prepend(str(place))
    registry.cache_clear()
    try:
        spec = registry().colorizer("computed")[1]
        before = colorizer_code(spec, "ratio", "scores")
        assert before == colorizer_code(spec, "ratio", "scores")
        assert before != colorizer_code(spec, "none", "scores")
        (place / "by_name.py").write_text("X = 22")
        assert before != colorizer_code(spec, "ratio", "scores")
    finally:
        registry.cache_clear()
