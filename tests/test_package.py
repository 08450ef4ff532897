"""The sdist and the wheel built from it contain all files and no stray package."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from conftest import photo

ROOT = Path(__file__).resolve().parents[1]
ARTIFACTS = (
    "sift_mlp/artifacts/a.npz",
    "sift_mlp/artifacts/b.npz",
    "sift_mlp/artifacts/manifest.json",
    "mean_color/artifacts/mean.npz",
    "mean_color/artifacts/manifest.json",
)
#: Data files that colortk reads from its own folders.
DATA = (
    "harness/protocols/v1.json",
    "harness/lpips/artifacts/alexnet.onnx",
    "harness/lpips/artifacts/manifest.json",
    "report/templates/comparison.html",
    "scaffold/spec.py.in",
    "report/templates/survey.html",
    "ui/page.css",
    "ui/page.js",
)


def settings() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_every_package_is_listed() -> None:
    """setup.cfg lists packages explicitly, so a new folder could be forgotten."""
    listed = set(settings()["options"]["packages"].split())
    found = {
        path.parent.relative_to(ROOT)
        .as_posix()
        .replace("/", ".")
        .replace("plugins", "colortk_plugins", 1)
        if path.parts[len(ROOT.parts)] == "plugins"
        else path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for folder in ("colortk", "plugins")
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert listed == found


def test_tensorflow_is_not_in_the_core() -> None:
    core = settings()["options"]["install_requires"]
    assert "tensorflow" not in core


def test_artifacts_are_small() -> None:
    patterns = ("plugins/*/artifacts/*", "colortk/harness/lpips/artifacts/*")
    files = [p for pattern in patterns for p in ROOT.glob(pattern) if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 60e6
    assert not [p for p in files if p.suffix not in (".npz", ".onnx", ".json", ".md", ".hashes")]


@pytest.mark.slow
def test_sdist_and_wheel(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists() and not (ROOT / "setup.cfg").exists():
        pytest.skip("needs the source tree")
    build = [sys.executable, "-m", "build", "--outdir", str(tmp_path), str(ROOT)]
    run = subprocess.run(build, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    (source,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {f"plugins/{name}" for name in ARTIFACTS} <= names
    assert {f"colortk/{name}" for name in DATA} <= names
    assert {"tox.ini", "tests/test_run.py", "LICENSE", "examples/colortk-sepia/setup.cfg"} <= names
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"colortk_plugins/{name}" for name in ARTIFACTS} <= names
    assert {f"colortk/{name}" for name in DATA} <= names
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"colortk", "colortk_plugins"}

    site = tmp_path / "site"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    Image.fromarray(photo()).save(tmp_path / "x.png")
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import colortk; print(colortk.__file__);"
        "from colortk.cli.main import main; main()"
    )
    for verb in (["run", "-p", "sift_mlp"], ["compare", "-p", "gray", "--html", "r.html"]):
        run = subprocess.run(
            [sys.executable, "-c", code, *verb, "x.png"],
            cwd=tmp_path, capture_output=True, text=True, timeout=400,
            env={**os.environ, "COLORTK_STORE": str(tmp_path / "store")},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
    assert str(site) in run.stdout
    assert "LPIPS" in run.stdout
    assert (tmp_path / "x-colorized.png").exists()
    assert (tmp_path / "r.html").stat().st_size > 20_000
