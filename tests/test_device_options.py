"""`--device` and `--threads` reach the plugin, and `plugins show` lists its network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from colortk.runtime.subprocesses import cores
from conftest import QUICK, Run, colorizer_module, leftovers, one_line, rows_of
from tiny_network import A, B, tiny


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLORTK_DEVICE", "COLORTK_THREADS"):
        monkeypatch.delenv(name, raising=False)


PLUGIN = """
import os, pathlib, sys
from colortk import ColorizerSpec, hookimpl
from colortk._opencv import cv2
from colortk.runtime.inference import OnnxNetwork
from threadpoolctl import threadpool_info


class Tinted:
    def __init__(self, artifacts, options):
        self.engine = OnnxNetwork(pathlib.Path({file!r}).read_bytes(), "tinted:build")
        threads = self.engine._session().get_session_options().intra_op_num_threads
        blas = {{row["num_threads"] for row in threadpool_info() if row["user_api"] == "blas"}}
        told = os.environ.get("OMP_NUM_THREADS"), "tensorflow" in sys.modules, cv2.getNumThreads(), *blas
        print("TOLD", self.engine.engine, threads, *told, file=sys.stderr)

    def predict_ab(self, lightness):
        return self.engine.predict(lightness[None, :, :, None])[0]


def build():
    import keras

    inputs = keras.Input((None, None, 1))
    layer = keras.layers.Conv2D(2, 1, use_bias=False, name="only")
    return keras.Model(inputs, layer(inputs))


@hookimpl
def colortk_colorizers():
    return [ColorizerSpec(name="tinted", summary="for tests", factory="tinted:Tinted")]
"""


@pytest.fixture
def tinted(distribution: Callable[..., Path], tmp_path: Path) -> Path:
    """A plugin ``tinted`` that runs the tiny network and prints its device and threads on stderr."""
    file = tmp_path / "tiny.onnx"
    file.write_bytes(tiny(A, B))
    return distribution("tinted", PLUGIN.format(file=str(file)))


def told(run: Any) -> list[list[str]]:
    return [line.split()[1:] for line in run.stderr.splitlines() if line.startswith("TOLD")]


@pytest.mark.parametrize("more", [(), ("--timeout", "60")], ids=["here", "apart"])
def test_run_passes_threads_to_the_plugin(
    more: tuple[str, ...], tinted: Path, picture: Path, colortk: Run
) -> None:
    run = colortk(
        "run", "-p", "tinted", picture, "--threads", "1", "--device", "cpu", *more, plugins=tinted
    )
    assert run.returncode == 0, run.stderr
    assert told(run) == [["onnxruntime", "cpu", "1", "1", "False", "1", "1"]]


def test_without_the_option_the_environment_variables_are_used(
    tinted: Path, picture: Path, colortk: Run
) -> None:
    env = {"COLORTK_THREADS": "2", "OMP_NUM_THREADS": "1", "COLORTK_DEVICE": "cpu"}
    run = colortk("run", "-p", "tinted", picture, plugins=tinted, env=env)
    assert [row[:5] for row in told(run)] == [["onnxruntime", "cpu", "2", "1", "False"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "threads"),
    [
        (("--threads", "3"), 3),
        pytest.param(("--threads", "3", "--jobs", "2"), 3, marks=pytest.mark.slow),
        pytest.param(("--jobs", "2"), max(1, cores() // 2), marks=pytest.mark.slow),
    ],
)
def test_compare_passes_threads_to_every_plugin(
    options: tuple[str, ...], threads: int, tinted: Path, folder: Path, colortk: Run
) -> None:
    run = colortk("compare", folder, "-p", "tinted", *QUICK, "--json", *options, plugins=tinted)
    assert run.returncode == 0, run.stderr
    assert "tinted" in rows_of(run)
    assert {(row[2], row[3]) for row in told(run)} == {(str(threads), str(threads))}


def test_no_gpu_stops_the_run(tinted: Path, picture: Path, colortk: Run) -> None:
    (tinted / "keras.py").write_text("raise ImportError('no backend')")
    run = colortk("run", "-p", "tinted", picture, "--device", "gpu", plugins=tinted)
    one_line(run, 2, "--device gpu: no GPU found", "no backend", "leave --device out")
    assert not leftovers(picture.parent)


@pytest.mark.parametrize("verb", [("run", "-p", "gray"), ("compare", "-p", "gray")])
def test_an_unknown_device_is_one_line(verb: tuple[str, ...], picture: Path, colortk: Run) -> None:
    run = colortk(*verb, picture, env={"COLORTK_DEVICE": "nonsense"})
    one_line(run, 2, "COLORTK_DEVICE=nonsense", "auto, cpu, gpu")
    one_line(colortk(*verb, picture, "--device", "tpu"), 2, "--device", "tpu")
    one_line(colortk(*verb, picture, "--threads", "0"), 2, "--threads", "0")


def test_device_is_refused_with_a_dask_cluster(folder: Path, colortk: Run) -> None:
    options = ("--backend", "dask", "--scheduler", "tcp://localhost:1", "--device", "gpu")
    one_line(
        colortk("compare", folder, *options),
        2,
        "--backend dask",
        "set COLORTK_DEVICE on the workers",
    )


def test_plugins_show_prints_the_size_of_a_network(
    distribution: Callable[..., Path], tmp_path: Path, colortk: Run
) -> None:
    more = ', package="sized", artifacts=declared("sized")'
    source = colorizer_module("sized", "sized", "pass", more)
    site = distribution("sized", "", target="sized.spec")
    (site / "sized.py").unlink()
    place = site / "sized" / "artifacts"
    place.mkdir(parents=True)
    (site / "sized" / "__init__.py").touch()
    (site / "sized" / "spec.py").write_text(
        "from colortk.store.artifact_manifest import declared\n" + source
    )
    rows = {name: {"sha256": "0" * 64, "bytes": size} for name, size in (("a", 30), ("b", 12))}
    manifest = {"artifacts": rows, "parameters": 585136, "trainable_parameters": 582608}
    (place / "manifest.json").write_text(json.dumps(manifest))
    shown = json.loads(colortk("plugins", "show", "sized", "--json", plugins=site).stdout)
    keys = ("artifact_bytes", "parameters", "trainable_parameters")
    assert [shown[key] for key in keys] == [42, 585136, 582608]
    text = colortk("plugins", "show", "sized", plugins=site).stdout
    assert ["parameters:", "585136"] in [line.split() for line in text.splitlines()]
    shown = json.loads(colortk("plugins", "show", "sift_mlp", "--json").stdout)
    assert [shown[key] for key in keys] == [2 * 1158934, None, None]
    assert shown["artifact_digest"]
    assert shown["paper"]
    shown = json.loads(colortk("plugins", "show", "gray", "--json").stdout)
    assert [shown[key] for key in keys] == [0, None, None]
    assert ["parameters:", "-"] in [
        line.split() for line in colortk("plugins", "show", "gray").stdout.splitlines()
    ]


@pytest.mark.slow
def test_a_missing_gpu_is_one_line_with_a_real_backend(
    tinted: Path, picture: Path, colortk: Run
) -> None:
    pytest.importorskip("keras")
    env = {"CUDA_VISIBLE_DEVICES": ""}
    run = colortk("run", "-p", "tinted", picture, "--device", "gpu", plugins=tinted, env=env)
    one_line(run, 2, "--device gpu: no GPU found", "Keras sees no GPU through", "leave --device")
