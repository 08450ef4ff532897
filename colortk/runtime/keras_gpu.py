"""Run an exported network on the GPU of Keras' backend, where ONNX Runtime has no GPU provider."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from colortk.errors import ArtifactError, UsageError
from colortk.plugin.spec import load_callable
from colortk.runtime.onnx_session import error_text
from colortk.types import Float32


def predictor_on_gpu(content: bytes, network: str) -> tuple[str, Callable[[Float32], Any]]:
    """Return the engine's name and the function that predicts on the GPU of Keras' backend."""
    backend, reason = _backend_with_gpu() if network else ("", "the plugin has no Keras network")
    if not backend:
        raise UsageError(
            "--device gpu: no GPU found",
            f"ONNX Runtime has no working GPU provider, and {reason}",
            "leave --device out, or install onnxruntime-gpu or onnxruntime-directml",
        )
    return f"keras {backend}", _keras_predictor(content, network)


def _backend_with_gpu() -> tuple[str, str]:
    """Return the name of Keras' backend if it has a GPU, else ""; and the reason if not."""
    for module in ("keras", "onnx"):
        if importlib.util.find_spec(module) is None:
            return "", f"{module} is not installed"
    # By default TensorFlow takes all memory of the GPU, so that the next process finds none.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    try:
        with silent():
            import keras

            backend = str(keras.backend.backend())
            has_gpu = _GPUS[backend]()
    except Exception as error:  # a backend that is missing or broken
        return "", f"Keras cannot be used, {error_text(error)}"
    return (backend, "") if has_gpu else ("", f"Keras sees no GPU through {backend}")


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Hide the output of a backend's native libraries to stderr while they are loaded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for later messages
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def _tensorflow() -> bool:
    import tensorflow

    return bool(tensorflow.config.list_physical_devices("GPU"))


def _torch() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _jax() -> bool:
    import jax

    return any(device.platform == "gpu" for device in jax.devices())


_GPUS: dict[str, Callable[[], bool]] = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}


def _keras_predictor(content: bytes, network: str) -> Callable[[Float32], Any]:
    """Return the function that predicts with Keras: ``network`` with the weights of ``content``.

    Raises ``ArtifactError`` if the file lacks weights of the network, or has weights of layers that
    the network does not have.
    """
    from colortk.runtime.keras_weights import restore, weights_in

    model = load_callable(network)()
    restored = restore(model, content)
    missing = len(model.weights) - len(restored)
    if missing:
        raise ArtifactError(
            f"the file is not of the network {network}", f"it lacks {missing} of its weights"
        )
    kernels = {name for name in weights_in(content) if name.endswith("/kernel")}
    if unknown := sorted(kernels.difference(restored)):
        raise ArtifactError(
            f"the file is not of the network {network}",
            f"the network has no '{unknown[0]}'",
            "use --device cpu for weights of another network",
        )
    predict: Callable[[Float32], Any] = model.predict_on_batch
    return predict
