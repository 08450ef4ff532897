"""Trained networks at work: which device, how many threads, and what is said when it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.errors import ArtifactError, PredictionError, UsageError
from colortk.runtime import inference
from colortk.runtime.subprocesses import cores
from conftest import QUICK, Run, colorizer_module, leftovers, one_line, rows_of

onnx = pytest.importorskip("onnx")
#: Chroma is lightness times these.
A, B = 0.25, 0.5


def tiny(*weights: float) -> bytes:
    """A network of one convolution of 1 × 1, from one channel to as many as there are weights."""
    helper = onnx.helper
    kernel = np.array(weights, np.float32).reshape(-1, 1, 1, 1)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "kernel"], ["output"])],
        "tiny",
        [helper.make_tensor_value_info("input", 1, ["N", 1, "H", "W"])],
        [helper.make_tensor_value_info("output", 1, ["N", len(weights), "h", "w"])],
        [onnx.numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    content: bytes = model.SerializeToString()
    return content


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLORTK_DEVICE", "COLORTK_THREADS"):
        monkeypatch.delenv(name, raising=False)


def test_a_batch_is_channels_last_both_ways() -> None:
    x = np.random.default_rng(0).random((3, 5, 7, 1), np.float32)
    engine = inference.OnnxNetwork(tiny(A, B))
    assert engine.engine in ("onnxruntime cpu", "onnxruntime cuda")
    y = engine.predict(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, np.concatenate([A * x, B * x], -1), atol=1e-6)


def test_chroma_gain_is_a_factor_on_chroma() -> None:
    from colortk.runtime.network_io import LinearScaling
    from colortk.runtime.onnx_colorizer import OnnxColorizer

    class Stored:
        def read(self, name: str) -> bytes:
            return tiny(A, B)

    plane = np.random.default_rng(0).uniform(0, 100, (4, 6)).astype(np.float32)
    for chroma_gain in (1.0, 0.75):
        chroma = OnnxColorizer(Stored(), LinearScaling(100, 50), "", chroma_gain).predict_ab(plane)
        assert chroma.dtype == np.float32
        wanted = chroma_gain * 50 * np.dstack([A * plane, B * plane]) / 100
        np.testing.assert_allclose(chroma, wanted, rtol=1e-5)


def test_one_session_a_file_and_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTK_THREADS", "1")
    first, same, other = (inference.OnnxNetwork(tiny(A, b)) for b in (B, B, 2.0))
    assert first._session() is same._session()
    assert first._session() is not other._session()
    options = first._session().get_session_options()
    assert options.intra_op_num_threads == 1
    monkeypatch.setenv("COLORTK_THREADS", "2")
    assert inference.OnnxNetwork(tiny(A, B))._session() is not options
    assert (
        inference.OnnxNetwork(tiny(A, B))._session().get_session_options().intra_op_num_threads == 2
    )


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, 0),
        ({"OMP_NUM_THREADS": "2"}, 2),
        ({"OMP_NUM_THREADS": "2", "COLORTK_THREADS": "1"}, 1),
        ({"COLORTK_THREADS": "many"}, 0),
    ],
)
def test_threads(
    environment: dict[str, str], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COLORTK_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert inference.threads() == expected


@pytest.mark.parametrize("content", [b"", b"nonsense", tiny(A, B)[:-20]])
def test_what_is_no_network_is_an_artifact_error(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="cannot be loaded: .*train it again"):
        inference.OnnxNetwork(content)


def test_a_wrong_shape_is_said_in_one_line() -> None:
    with pytest.raises(
        PredictionError, match=r"input of 1 × 4 × 4 × 3 \(onnx.*dimensions"
    ) as found:
        inference.OnnxNetwork(tiny(A, B)).predict(np.zeros((1, 4, 4, 3), np.float32))
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "text",
    [
        "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 9",
        "CUDA failure 2: out of memory",
        "RESOURCE_EXHAUSTED: OOM when allocating tensor",
    ],
)
def test_no_memory_is_said_so(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = inference.OnnxNetwork(tiny(A, B))

    def fail(x: np.ndarray) -> None:
        raise RuntimeError(text)

    monkeypatch.setattr(engine, "_predict", fail)
    with pytest.raises(PredictionError, match="1 × 9 × 9 × 1 .*not enough memory"):
        engine.predict(np.zeros((1, 9, 9, 1), np.float32))


class FakeCuda:
    """ONNX Runtime with a CUDA provider, which works or does not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, works: bool) -> None:
        import onnxruntime

        self.asked: list[list[str]] = []
        real = onnxruntime.InferenceSession

        def session(content: bytes, options: Any, providers: list[str]) -> Any:
            self.asked.append(providers)
            made = real(content, options, providers=[inference.CPU])
            if works:
                made.get_providers = lambda: providers
            return made

        monkeypatch.setattr(onnxruntime, "InferenceSession", session)
        monkeypatch.setattr(inference, "_cuda", lambda: True)
        inference._session.cache_clear()


@pytest.mark.parametrize(
    ("wanted", "works", "engine"),
    [
        ("auto", True, "onnxruntime cuda"),
        ("gpu", True, "onnxruntime cuda"),
        ("cpu", True, "onnxruntime cpu"),
        ("auto", False, "onnxruntime cpu"),
        ("gpu", False, "keras sand"),
    ],
)
def test_which_engine(
    wanted: str, works: bool, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeCuda(monkeypatch, works)
    monkeypatch.setenv("COLORTK_DEVICE", wanted)
    monkeypatch.setattr(inference, "_backend_with_gpu", lambda: ("sand", ""))
    monkeypatch.setattr(inference, "_keras_predictor", lambda content, network: lambda x: 7 * x)
    found = inference.OnnxNetwork(tiny(A, B), "some:network")
    assert found.engine == engine
    first = inference.CPU if wanted == "cpu" else inference.CUDA
    assert [providers[0] for providers in fake.asked] == [first]
    x = np.ones((1, 2, 2, 1), np.float32)
    assert found.predict(x).flat[0] == (7 if engine == "keras sand" else A)
    inference._session.cache_clear()


def test_no_gpu_is_one_line_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTK_DEVICE", "gpu")
    FakeCuda(monkeypatch, works=False)
    why = "Keras sees no GPU through sand"
    monkeypatch.setattr(inference, "_backend_with_gpu", lambda: ("", why))
    for network, reason in (("", "the plugin has no Keras network"), ("a:b", why)):
        wanted = f"--device gpu: no GPU found: .*{reason} .leave --device out, or install onnx"
        with pytest.raises(UsageError, match=wanted):
            inference.OnnxNetwork(tiny(A, B), network)
    inference._session.cache_clear()


def test_automatic_looks_for_no_gpu_with_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "_cuda", lambda: False)
    monkeypatch.setattr(inference, "_backend_with_gpu", lambda: pytest.fail("it was looked for"))
    assert inference.OnnxNetwork(tiny(A, B), "some:network").engine == "onnxruntime cpu"


# From here on as processes.


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
    """A plugin ``tinted`` that runs the tiny network, and tells stderr what it was given."""
    file = tmp_path / "tiny.onnx"
    file.write_bytes(tiny(A, B))
    return distribution("tinted", PLUGIN.format(file=str(file)))


def told(run: Any) -> list[list[str]]:
    return [line.split()[1:] for line in run.stderr.splitlines() if line.startswith("TOLD")]


@pytest.mark.parametrize("more", [(), ("--timeout", "60")], ids=["here", "apart"])
def test_run_hands_threads_to_the_plugin(
    more: tuple[str, ...], tinted: Path, picture: Path, colortk: Run
) -> None:
    run = colortk(
        "run", "-p", "tinted", picture, "--threads", "1", "--device", "cpu", *more, plugins=tinted
    )
    assert run.returncode == 0, run.stderr
    assert told(run) == [["onnxruntime", "cpu", "1", "1", "False", "1", "1"]]


def test_without_the_option_the_environment_counts(
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
def test_compare_hands_threads_to_every_plugin(
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


def test_a_cluster_has_devices_of_its_own(folder: Path, colortk: Run) -> None:
    options = ("--backend", "dask", "--scheduler", "tcp://localhost:1", "--device", "gpu")
    one_line(
        colortk("compare", folder, *options),
        2,
        "--backend dask",
        "set COLORTK_DEVICE on the workers",
    )


def test_plugins_show_tells_the_size_of_a_network(
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
        "from colortk.store.artifacts import declared\n" + source
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
def test_no_gpu_is_one_line_with_a_real_backend_too(
    tinted: Path, picture: Path, colortk: Run
) -> None:
    pytest.importorskip("keras")
    env = {"CUDA_VISIBLE_DEVICES": ""}
    run = colortk("run", "-p", "tinted", picture, "--device", "gpu", plugins=tinted, env=env)
    one_line(run, 2, "--device gpu: no GPU found", "Keras sees no GPU through", "leave --device")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_keras_out_of_the_same_file_equals_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, but on whatever Keras finds here."""
    pytest.importorskip("keras")
    from colortk.training.onnx.graph import to_onnx

    first = network()
    rng = np.random.default_rng(0)
    for variable in first.weights:
        variable.assign(0.5 + rng.random(tuple(variable.shape), np.float32))
    content = to_onnx(first)
    x = rng.random((2, 12, 9, 1), np.float32)
    expected = inference.OnnxNetwork(content, f"{__name__}:network").predict(x)
    monkeypatch.setenv("COLORTK_DEVICE", "gpu")
    monkeypatch.setattr(inference, "_cuda", lambda: False)
    monkeypatch.setattr(inference, "_backend_with_gpu", lambda: ("here", ""))
    engine = inference.OnnxNetwork(content, f"{__name__}:network")
    assert engine.engine == "keras here"
    found = engine.predict(x)
    assert found.dtype == np.float32
    assert found.shape == expected.shape == (2, 24, 18, 2)
    assert np.abs(expected).max() > 1
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    with pytest.raises(ArtifactError, match=r"lacks 2 of its weights"):
        inference.OnnxNetwork(content, f"{__name__}:other")
    with pytest.raises(ArtifactError, match=r"the network has no 'last/kernel'.*--device cpu"):
        inference.OnnxNetwork(content, f"{__name__}:without_last")


def without_last() -> Any:
    """The network without its last layer, which would give other numbers without a word."""
    import keras

    whole = network()
    return keras.Model(whole.input, whole.get_layer("up").output)


def network(last: str = "last") -> Any:
    """A small network of open size."""
    import keras

    x = inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.UpSampling2D(name="up")(x)
    return keras.Model(inputs, keras.layers.Conv2D(2, 3, padding="same", name=last)(x))


def other() -> Any:
    """The same under another name, as of another version of a plugin."""
    return network("renamed")
