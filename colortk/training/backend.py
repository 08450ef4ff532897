"""Choose the library, the device and the precision that Keras computes with."""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from colortk.errors import PluginError, UsageError
from colortk.runtime.keras_gpu import silent

#: Backends of Keras 3; the first installed one is the default.
BACKENDS = ("tensorflow", "torch", "jax")
INSTALL_HINT = "pip install 'colorization-toolkit[train]'"


def import_keras() -> Any:
    """Import Keras with the backend that ``KERAS_BACKEND`` names, else the first installed one.

    Returns
    -------
    module
        ``keras``.

    Raises
    ------
    PluginError
        Keras or every backend is missing, or ``KERAS_BACKEND`` names an unknown backend.
    """
    if importlib.util.find_spec("keras") is None:
        raise PluginError("training needs Keras", "it is not installed", INSTALL_HINT)
    if not os.environ.get("KERAS_BACKEND"):
        available = [name for name in BACKENDS if importlib.util.find_spec(name) is not None]
        if not available:
            raise PluginError(
                "training needs TensorFlow, PyTorch or JAX",
                "none of them is installed",
                INSTALL_HINT,
            )
        os.environ["KERAS_BACKEND"] = available[0]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if os.environ["KERAS_BACKEND"] not in BACKENDS:
        raise PluginError(
            f"unknown KERAS_BACKEND={os.environ['KERAS_BACKEND']}",
            hint=f"use one of {', '.join(BACKENDS)}",
        )
    # By default TensorFlow reserves all memory of the GPU, and ONNX Runtime finds none left.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    try:
        with silent():
            is_first_import = "keras" not in sys.modules
            import keras

            # The search for GPUs warns of a driver without a GPU: it is silenced too.
            if is_first_import:
                with suppress(Exception):
                    _visible_gpus()
    except ImportError as error:
        name = os.environ["KERAS_BACKEND"]
        raise PluginError(f"Keras cannot use {name}", str(error), INSTALL_HINT) from error
    return keras


def device_scope(name: str) -> AbstractContextManager[Any]:
    """Return a context in which Keras computes on the device ``name``.

    Parameters
    ----------
    name : {"auto", "cpu", "gpu"}
        ``auto`` leaves the choice to Keras.

    Raises
    ------
    UsageError
        ``gpu`` is asked for and Keras sees none.
    """
    library = import_keras()
    if name == "auto":
        return nullcontext()
    if name == "gpu" and not gpu_count():
        raise UsageError(
            "--device gpu: no GPU found",
            f"{library.backend.backend()}, the backend of Keras, sees none",
            "leave --device out, or install a GPU build of the backend",
        )
    # PyTorch tells "cpu:0" from "cpu": weights would be copied, and the copies are not trainable.
    device = name if name == "cpu" else f"{name}:0"
    scope: AbstractContextManager[Any] = library.device(device)
    return scope


def gpu_count() -> int:
    """Return the number of GPUs that the backend of Keras sees."""
    import_keras()
    return _visible_gpus()


def _visible_gpus() -> int:
    """Count the GPUs; Keras is imported already."""
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
    """Set the precision that layers compute with; weights stay float32.

    Parameters
    ----------
    precision : {"float32", "bfloat16"}
        Numbers in the layers.

    Returns
    -------
    keras.DTypePolicy
        The policy that was set before.
    """
    library = import_keras()
    before = library.mixed_precision.global_policy()
    name = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]
    library.mixed_precision.set_global_policy(name)
    return before


def library_names() -> tuple[str, str]:
    """Return the module names of Keras and of its backend."""
    return "keras", str(import_keras().backend.backend())
