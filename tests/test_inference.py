"""ONNX networks in this process: sessions, threads, engine, and error messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from colortk.errors import ArtifactError, Notice, PredictionError, UsageError
from colortk.runtime import (
    device_notes,
    gpu_providers,
    gpu_use,
    inference,
    keras_gpu,
    onnx_session,
)
from tiny_network import A, B, tiny


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLORTK_DEVICE", "COLORTK_THREADS", "COLORTK_PROVIDERS"):
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


def test_sessions_are_shared_by_file_and_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_the_number_of_threads_follows_the_environment(
    environment: dict[str, str], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COLORTK_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert inference.threads() == expected


@pytest.mark.parametrize("content", [b"", b"nonsense", tiny(A, B)[:-20]])
def test_a_file_without_a_network_is_an_artifact_error(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="cannot be loaded: .*train it again"):
        inference.OnnxNetwork(content)


def test_a_wrong_input_shape_is_one_line() -> None:
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
def test_running_out_of_memory_is_reported(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = inference.OnnxNetwork(tiny(A, B))

    def fail(*arguments: Any) -> None:
        raise RuntimeError(text)

    monkeypatch.setattr(engine, "_run", fail)
    with pytest.raises(PredictionError, match="1 × 9 × 9 × 1 .*not enough memory"):
        engine.predict(np.zeros((1, 9, 9, 1), np.float32))


class FakeProviders:
    """ONNX Runtime with simulated GPU providers; those in ``broken`` do not work."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, available: Sequence[str], broken: dict[str, str]
    ) -> None:
        import onnxruntime

        self.asked: list[str] = []
        real = onnxruntime.InferenceSession
        names = {full: name for name, full in gpu_providers.PROVIDERS.items()}

        def session(content: bytes, options: Any, providers: list[str]) -> Any:
            name = names.get(providers[0], "cpu")
            self.asked.append(name)
            if broken.get(name):
                raise RuntimeError(broken[name])
            made = real(content, options, providers=[onnx_session.CPU])
            if name not in broken:
                made.get_providers = lambda: providers
            return made

        monkeypatch.setattr(onnxruntime, "InferenceSession", session)
        full = [gpu_providers.PROVIDERS[name] for name in available]
        monkeypatch.setattr(
            onnxruntime, "get_available_providers", lambda: [*full, onnx_session.CPU]
        )
        monkeypatch.setattr(onnxruntime, "set_default_logger_severity", lambda level: None)
        monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
        monkeypatch.setattr(device_notes, "_known", set())
        monkeypatch.setattr(device_notes, "_waiting", [])


@pytest.fixture(autouse=True)
def _caches() -> Iterator[None]:
    yield
    onnx_session.session.cache_clear()
    gpu_providers.available_providers.cache_clear()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeProviders]:
    def make(*available: str, **broken: str) -> FakeProviders:
        onnx_session.session.cache_clear()
        gpu_providers.available_providers.cache_clear()
        return FakeProviders(monkeypatch, available, broken)

    return make


@pytest.mark.parametrize(
    ("wanted", "broken", "engine"),
    [
        ("auto", {}, "onnxruntime cuda"),
        ("gpu", {}, "onnxruntime cuda"),
        ("cpu", {}, "onnxruntime cpu"),
        ("auto", {"cuda": ""}, "onnxruntime cpu"),
        ("gpu", {"cuda": ""}, "keras sand"),
    ],
)
def test_the_engine_follows_device_and_providers(
    wanted: str,
    broken: dict[str, str],
    engine: str,
    fake: Callable[..., FakeProviders],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    providers = fake("cuda", **broken)
    monkeypatch.setenv("COLORTK_DEVICE", wanted)
    monkeypatch.setattr(keras_gpu, "_backend_with_gpu", lambda: ("sand", ""))
    monkeypatch.setattr(keras_gpu, "_keras_predictor", lambda content, network: lambda x: 7 * x)
    networks = gpu_use.networks_on_gpu()
    network = inference.OnnxNetwork(tiny(A, B), "some:network")
    assert network.engine == engine
    assert gpu_use.networks_on_gpu() - networks == (engine != "onnxruntime cpu")
    assert providers.asked[0] == ("cpu" if wanted == "cpu" else "cuda")
    x = np.ones((1, 2, 2, 1), np.float32)
    assert network.predict(x).flat[0] == (7 if engine == "keras sand" else A)


@pytest.mark.parametrize(
    ("available", "environment", "device", "tried"),
    [
        ("directml", "", "auto", "directml"),
        ("coreml", "", "auto", "cpu"),
        ("coreml", "", "gpu", "coreml"),
        ("coreml", "coreml", "auto", "coreml"),
        ("cuda coreml directml", "", "auto", "cuda"),
        ("cuda directml", "DirectML, cuda", "auto", "directml"),
        ("cuda directml", "directml", "cpu", "cpu"),
        ("cuda", "directml", "auto", "cpu"),
        ("", "", "auto", "cpu"),
    ],
)
def test_providers_are_tried_in_order(
    available: str, environment: str, device: str, tried: str, fake: Callable[..., FakeProviders],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    providers = fake(*available.split())
    monkeypatch.setenv("COLORTK_PROVIDERS", environment)
    network = inference.OnnxNetwork(tiny(A, B), device=device)
    assert (network.engine, providers.asked) == (f"onnxruntime {tried}", [tried])
    labels = {"cuda": "CUDA", "directml": "DirectML", "coreml": "CoreML"}
    says = [f"networks run on {labels[tried]} (ONNX Runtime)"] if tried in labels else []
    assert list(device_notes.take()) == says


def test_a_provider_that_fails_is_one_note_and_the_next_one_is_used(
    fake: Callable[..., FakeProviders],
) -> None:
    providers = fake("cuda", "directml", cuda="no driver", directml="")
    for _ in range(2):
        network = inference.OnnxNetwork(tiny(A, B))
        assert network.engine == "onnxruntime cpu"
        np.testing.assert_allclose(network.predict(np.ones((1, 2, 2, 1), np.float32)).flat[0], A)
    assert providers.asked[:3] == ["cuda", "directml", "cpu"]
    with pytest.warns(Notice) as notices:
        device_notes.emit()
    (line,) = [str(notice.message) for notice in notices]
    assert "the CUDA provider, which does not work: RuntimeError: no driver" in line
    assert "DirectML provider, which does not work: it gave the network back" in line
    assert line.endswith("networks run on the processor; --device cpu hides this")


def test_a_gpu_without_free_memory_is_left_out_unless_it_was_asked_for(
    fake: Callable[..., FakeProviders],
) -> None:
    fake("cuda", cuda="CUDA failure 2: out of memory ; GPU=0")
    assert inference.OnnxNetwork(tiny(A, B)).engine == "onnxruntime cpu"
    (line,) = device_notes.take()
    assert "the CUDA provider, which does not work: there is not enough memory" in line
    with pytest.raises(MemoryError):
        inference.OnnxNetwork(tiny(A, B), device="gpu")


def test_wrong_names_of_providers_are_one_line(
    fake: Callable[..., FakeProviders], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("cuda")
    monkeypatch.setenv("COLORTK_PROVIDERS", "cuda,rocket")
    with pytest.raises(UsageError, match="'rocket' is none of cuda, directml, coreml"):
        inference.OnnxNetwork(tiny(A, B))
    monkeypatch.setenv("COLORTK_PROVIDERS", "coreml")
    with pytest.raises(UsageError, match="has none of COLORTK_PROVIDERS=coreml: it has cuda"):
        inference.OnnxNetwork(tiny(A, B), device="gpu")


def test_doctor_names_the_providers(
    fake: Callable[..., FakeProviders], monkeypatch: pytest.MonkeyPatch
) -> None:
    from colortk.cli.doctor import _gpu

    fake("coreml", "cuda")
    assert _gpu()["detail"] == "ONNX Runtime has CUDA, CoreML; networks try CUDA"
    monkeypatch.setenv("COLORTK_DEVICE", "cpu")
    assert _gpu()["detail"].endswith("networks try none of them")
    monkeypatch.setenv("COLORTK_PROVIDERS", "nonsense")
    assert _gpu()["status"] == "failed"
    monkeypatch.delenv("COLORTK_PROVIDERS")
    fake()
    assert (_gpu()["status"], "networks run on the processor" in _gpu()["detail"]) == (
        "absent",
        True,
    )


def test_a_worker_keeps_its_notes_for_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_known", set()), ("_waiting", []), ("_held", True)):
        monkeypatch.setattr(device_notes, name, value)
    device_notes.add("a line")
    device_notes.emit()  # a Notice would be an error
    lines = device_notes.take()
    monkeypatch.setattr(device_notes, "_held", False)
    monkeypatch.setattr(device_notes, "_known", set())
    with pytest.warns(Notice, match="a line"):
        device_notes.emit(lines)
    device_notes.emit(lines)  # of a second worker; another Notice would be an error


def test_a_missing_gpu_is_one_line_with_a_solution(
    fake: Callable[..., FakeProviders], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTK_DEVICE", "gpu")
    fake("cuda", cuda="")
    why = "Keras sees no GPU through sand"
    monkeypatch.setattr(keras_gpu, "_backend_with_gpu", lambda: ("", why))
    for network, reason in (("", "the plugin has no Keras network"), ("a:b", why)):
        wanted = f"--device gpu: no GPU found: .*{reason} .leave --device out, or install onnx"
        with pytest.raises(UsageError, match=wanted):
            inference.OnnxNetwork(tiny(A, B), network)


def test_device_auto_does_not_start_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_providers, "available_providers", lambda: ())
    monkeypatch.setattr(keras_gpu, "_backend_with_gpu", lambda: pytest.fail("it was looked for"))
    assert inference.OnnxNetwork(tiny(A, B), "some:network").engine == "onnxruntime cpu"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_keras_and_onnx_runtime_agree_on_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use Keras as on a GPU, but on the device of this machine."""
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
    monkeypatch.setattr(gpu_providers, "available_providers", lambda: ())
    monkeypatch.setattr(keras_gpu, "_backend_with_gpu", lambda: ("here", ""))
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
    """Return the network without its last layer, which would silently give other numbers."""
    import keras

    whole = network()
    return keras.Model(whole.input, whole.get_layer("up").output)


def network(last: str = "last") -> Any:
    """Return a small network of open size."""
    import keras

    x = inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.UpSampling2D(name="up")(x)
    return keras.Model(inputs, keras.layers.Conv2D(2, 3, padding="same", name=last)(x))


def other() -> Any:
    """Return the same network with a renamed layer, as in another version of a plugin."""
    return network("renamed")
