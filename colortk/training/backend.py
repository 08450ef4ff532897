"""Which library Keras computes with, on which device, at which precision."""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from colortk.errors import PluginError, UsageError
from colortk.runtime.inference import silent

#: Libraries that Keras 3 computes with, the default first.
BACKENDS = ("tensorflow", "torch", "jax")
INSTALL_HINT = "pip install 'colorization-toolkit[train]'"


def import_keras() -> Any:
    """Keras, on the backend that ``KERAS_BACKEND`` names, else the first that is installed.

    Raises ``PluginError`` if Keras or every backend is missing.
    """
    if importlib.util.find_spec("keras") is None:
        raise PluginError("training needs Keras", "it is not installed", INSTALL_HINT)
    if not os.environ.get("KERAS_BACKEND"):
        available = [name for name in BACKENDS if importlib.util.find_spec(name) is not None]
        if not available:
            raise PluginError(
                "training needs TensorFlow, PyTorch or JAX", "none is there", INSTALL_HINT
            )
        os.environ["KERAS_BACKEND"] = available[0]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if os.environ["KERAS_BACKEND"] not in BACKENDS:
        raise PluginError(
            f"KERAS_BACKEND={os.environ['KERAS_BACKEND']}", f"it is one of {', '.join(BACKENDS)}"
        )
    # Else TensorFlow takes all of the GPU's memory, and ONNX Runtime finds none.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    try:
        with silent():
            first = "keras" not in sys.modules
            import keras

            if first:  # its look for GPUs writes of a driver that is there without one
                with suppress(Exception):
                    _visible_gpus()
    except ImportError as error:
        name = os.environ["KERAS_BACKEND"]
        raise PluginError(f"Keras cannot use {name}", str(error), INSTALL_HINT) from error
    return keras


def device_scope(name: str) -> AbstractContextManager[Any]:
    """A context in which Keras computes on ``name``: auto, cpu or gpu.

    Raises ``UsageError`` if a GPU is wanted and Keras sees none.
    """
    library = import_keras()
    if name == "auto":
        return nullcontext()
    if name == "gpu" and not gpu_count():
        raise UsageError(
            "--device gpu: no GPU found",
            f"Keras computes with {library.backend.backend()}, which sees none",
            "leave --device out, or install a GPU build of it",
        )
    # To PyTorch "cpu:0" is another device than "cpu": weights would be copies, and not trainable.
    device = name if name == "cpu" else f"{name}:0"
    scope: AbstractContextManager[Any] = library.device(device)
    return scope


def gpu_count() -> int:
    """How many GPUs Keras' backend sees."""
    import_keras()
    return _visible_gpus()


def _visible_gpus() -> int:
    import keras

    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow

        return len(tensorflow.config.list_physical_devices("GPU"))
    if name == "torch":
        import torch

        return int(torch.cuda.device_count())
    import jax

    return sum(item.platform == "gpu" for item in jax.devices())


def set_precision(precision: str) -> Any:
    """Set what layers compute with; weights stay float32. Returns the policy that was set before."""
    library = import_keras()
    before = library.mixed_precision.global_policy()
    name = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]
    library.mixed_precision.set_global_policy(name)
    return before


def library_names() -> tuple[str, str]:
    """Module names of Keras and of the backend that it computes with."""
    return "keras", str(import_keras().backend.backend())
