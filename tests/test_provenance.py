"""Keys change with every module that affects a result, and with no other module."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from colortk.runtime import provenance
from source_trees import SEMANTIC, WORDS, Copy


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("sources"))


@pytest.mark.parametrize("step", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_an_edit_of_a_module_changes_every_key_that_it_belongs_to(step: int, copy: Copy) -> None:
    reached, before = copy.reached(), copy.keys()
    assert set(reached) == set(before)
    for module in sorted(set().union(*reached.values()))[::step]:
        path = copy.path(module)
        content = path.read_bytes()
        path.write_bytes(content + SEMANTIC)
        after = copy.keys()
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {name for name in reached if module in reached[name]}, module
        path.write_bytes(content)
    assert copy.keys() == before


def test_the_closure_covers_indirect_imports_and_data(copy: Copy) -> None:
    reached = copy.reached()
    for module in (
        "colortk.runtime.onnx_colorizer", "colortk.runtime.network_io", "colortk.runtime.inference",
        "colortk.runtime.onnx_session", "colortk.runtime.keras_gpu", "colortk.store.onnx_file",
        "colortk.io.decode", "colortk.plugin.options", "colortk.runtime.subprocesses", "colortk.color.upsample",
        "colortk.runtime.keras_weights",  # imported in a function
        "colortk_plugins.effnet_bins.codec", "colortk_plugins.effnet_bins.bins",
        "colortk_plugins.effnet_bins.network",  # named by a string
    ):  # fmt: skip
        assert module in reached["compare"], module
        assert module in reached["run --resume"], module
    assert {"colortk.video.smoothing", "colortk.video.segment_writer"} <= reached["video --resume"]
    assert {"colortk.io.encode", "colortk.io.files"} <= reached["run --resume"]
    assert {"colortk_plugins.effnet_bins.network", "colortk.training.loop.trainer"} <= reached[
        "fit --resume"
    ]
    sift = "colortk_plugins.sift_mlp"
    assert {f"{sift}.{name}" for name in ("regressor", "network", "views", "features")} <= reached[
        "fit --resume sift_mlp"
    ]
    assert not any(name.startswith("colortk_plugins") for name in reached["psnr"])


def test_words_comments_and_layout_change_no_key(copy: Copy) -> None:
    before = copy.keys()
    contents = {path: path.read_bytes() for path in copy.sources()}
    for path, content in contents.items():
        text = content.replace(b"\n\n\n", b"\n\n\n\n# A comment.\n\n") + WORDS
        path.write_bytes(text)
    assert copy.keys() == before
    for path, content in contents.items():
        path.write_bytes(content)


def test_modules_outside_of_the_closures_change_no_key(copy: Copy) -> None:
    before = copy.keys()
    reached = {copy.path(name) for name in set().union(*copy.reached().values())}
    outside = [path for path in copy.sources() if path not in reached]
    names = {path.relative_to(copy.folder).as_posix() for path in outside}
    assert {
        "colortk/cli/run.py", "colortk/cli/compare.py", "colortk/ui/page.py", "colortk/survey/plan.py",
        "colortk/harness/statistics.py", "colortk/report/text_tables.py", "colortk/report/html.py",
        "colortk/scaffold/__init__.py", "plugins/acharya/networks.py",
    } <= names  # fmt: skip
    contents = {path: path.read_bytes() for path in outside}
    for path, content in contents.items():
        path.write_bytes(content + SEMANTIC)
    (copy.folder / "plugins" / "effnet_bins" / "README.md").write_text("Other words.")
    (copy.folder / "colortk" / "ui" / "new.css").write_text("p {}")
    (copy.folder / "colortk" / "cli" / "new.py").write_text("x = 1")
    assert copy.keys() == before
    for path, content in contents.items():
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("plugins/effnet_bins/artifacts/manifest.json", {"compare", "run --resume", "video --resume", "fit --resume"}),
        ("colortk/harness/lpips/artifacts/manifest.json", {"psnr", "flicker"}),
        ("colortk/harness/protocols/v1.json", {"compare", "compare sift_mlp", "compare films"}),
    ],
)  # fmt: skip
def test_data_files_of_the_packages_count(path: str, keys: set[str], copy: Copy) -> None:
    before = copy.keys()
    file = copy.folder / path
    content = file.read_bytes()
    file.write_bytes(content + b" ")
    after = copy.keys()
    assert keys <= {name for name in before if before[name] != after[name]}
    file.write_bytes(content)
    assert copy.keys() == before


@pytest.mark.slow
def test_every_module_that_a_worker_has_imported_is_in_the_key(copy: Copy, tmp_path: Path) -> None:
    """Compare with the modules that Python has imported after scoring and writing a picture."""
    code = (
        "import sys, json; from pathlib import Path\n"
        "from colortk.harness.plugin_variants import parse_variant; from colortk.harness import picture_worker\n"
        "from colortk.harness.protocol import load_protocol\n"
        "from colortk.batch.worker import serve; from colortk.batch.process_file import process_file\n"
        "from colortk.runtime.loading import PluginRequest, load; from colortk.pipeline import colorize, refiner\n"
        "from colortk.color.cielab import lightness; import numpy as np\n"
        "for name in ('effnet_bins', 'sift_mlp'):\n"
        "    loaded = load(PluginRequest(name))\n"
        "    colorize(np.full((32, 32), 50, np.float32), loaded, refiner('ratio'), 1.0)\n"
        "names = {n: m.__file__ for n, m in sys.modules.items() if getattr(m, '__file__', None)}\n"
        "print(json.dumps(sorted(n for n in names if n.startswith('colortk'))))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    imported = set(json.loads(run.stdout))
    # Every process that discovers plugins reads all declarations; their content is part of
    # the key as such. Metrics have a key of their own.
    endings = (".spec", ".declaration", ".training", ".files", ".published")
    declaring = {name for name in imported if name.endswith(endings)}
    declaring |= {name for name in imported if name.startswith("colortk.plugin.builtin_")} | {
        name for name in imported if name.endswith(".options")
    }
    reached = copy.reached()
    keyed = set().union(*(reached[name] for name in reached if not name.startswith("fit")))
    others = {name for name in imported if name.count(".") == 1 and "_plugins" in name}
    others |= {name for name in imported if name.startswith("colortk.harness.metrics.")}
    assert {"colortk.runtime.onnx_colorizer", "colortk_plugins.sift_mlp.features"} <= imported
    assert imported - declaring - others - keyed == set()


def test_versions_of_libraries_are_part_of_the_key(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = copy.keys()
    versions = provenance.library_version
    for library, keys in (
        ("numpy", set(before)),
        ("cv2", set(before)),
        ("onnxruntime", {"compare", "run --resume", "video --resume", "psnr"}),
        ("PIL", {"compare", "compare sift_mlp", "run --resume"}),
        ("av", {"video --resume", "compare films"}),
    ):
        monkeypatch.setattr(
            provenance,
            "library_version",
            lambda name, folder, other=library: versions(name, folder) + "1" * (name == other),
        )
        after = copy.keys()
        assert keys <= {name for name in before if before[name] != after[name]}, library
    for library in ("pluggy", "rich", "keras", "tensorflow"):
        monkeypatch.setattr(
            provenance,
            "library_version",
            lambda name, folder, other=library: versions(name, folder) + "1" * (name == other),
        )
        after = copy.keys()
        assert after["compare"] == before["compare"], library
