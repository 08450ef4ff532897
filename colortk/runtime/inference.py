"""Trained networks at work: ONNX Runtime on the CPU or through CUDA, else Keras on its GPU.

The device is what ``COLORTK_DEVICE`` says. ``auto``, the default, is ONNX Runtime's CUDA provider
if that works here, else the CPU: to look for a GPU with Keras' backend would import TensorFlow,
which takes longer than most pictures. ``gpu`` is the CUDA provider, else Keras on the GPU of its
backend out of the same file, else an error. ``cpu`` is the CPU.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from colortk.errors import ArtifactError, ColortkError, PredictionError, UsageError, out_of_memory
from colortk.plugin.spec import load_callable
from colortk.runtime.subprocesses import threads
from colortk.store import onnx_file
from colortk.types import Float32

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
DEVICES = ("auto", "cpu", "gpu")


def device() -> str:
    """The device that ``COLORTK_DEVICE`` wants. Raises ``UsageError`` if there is none such."""
    told = os.environ.get("COLORTK_DEVICE") or "auto"
    if told not in DEVICES:
        raise UsageError(f"COLORTK_DEVICE={told}", f"it is one of {', '.join(DEVICES)}")
    return told


class Engine:
    """A network that answers batches, on the device that is wanted.

    ``content``: its ONNX file, channels first. ``network``: "package.module:callable" of the Keras
    network that the file was written from; for a GPU without ONNX Runtime's CUDA provider.
    ``wanted``: the device, instead of the environment's.
    ``engine``: what it runs on, "onnxruntime cpu", "onnxruntime cuda" or "keras BACKEND".
    Raises ``ArtifactError`` (no ONNX file) or ``UsageError`` (no GPU, or no such device).
    """

    def __init__(self, content: bytes, network: str = "", wanted: str = "") -> None:
        self._content = content
        self._answer: Callable[[Float32], Any]
        wanted = wanted or device()
        self._providers: tuple[str, ...] = (CPU,)
        if wanted != "cpu" and _cuda():
            self._providers = (CUDA, CPU)
        used = self._session().get_providers()
        if wanted == "gpu" and CUDA not in used:
            self.engine, self._answer = _on_gpu_of_keras(content, network)
        else:
            self.engine = "onnxruntime cuda" if CUDA in used else "onnxruntime cpu"
            self._answer = self._run

    def predict(self, x: Float32) -> Float32:
        """Output, float32 (N, h, w, c), of a batch, float32 (N, H, W, C).

        In memory its channels come first: to turn hundreds of them takes longer than to use them so.
        Raises ``PredictionError``, also when memory runs out.
        """
        try:
            y = self._answer(x)
        except (MemoryError, ColortkError):
            raise
        except Exception as error:  # ONNX Runtime and each backend have their own kinds
            raise _failure(error, x, self.engine) from error
        return np.asarray(y, np.float32)

    def _run(self, x: Float32) -> Any:
        session = self._session()
        batch = np.ascontiguousarray(np.moveaxis(x, -1, 1), np.float32)
        (y,) = session.run(None, {session.get_inputs()[0].name: batch})
        return np.moveaxis(y, 1, -1)

    def _session(self) -> Any:
        # Asked for each time: in a process that was forked it is another one.
        return _session(os.getpid(), self._content, threads(), self._providers)


@cache
def _session(process: int, content: bytes, threads: int, providers: tuple[str, ...]) -> Any:
    """One session a process and file: its threads do not survive a fork, and are not freed."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Threads that wait by spinning save under 1 ms a picture, and cost the others their core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Processors without VNNI add two products of 8 bits in 16, and what is too large is cut off; in one
    # that has it, this changes nothing.
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 4
    try:
        onnx_file.check(content)  # before Keras reads it as well
        with contextlib.redirect_stdout(None):  # where a provider fails, it prints advice
            session = onnxruntime.InferenceSession(content, options, providers=list(providers))
        session.disable_fallback()  # it would go on slowly, and print that to stdout
        if len(session.get_inputs()) != 1 or len(session.get_outputs()) != 1:
            raise ValueError("it has several inputs or outputs")
    except MemoryError:
        raise
    except Exception as error:
        if out_of_memory(error):
            raise MemoryError("the network cannot be loaded") from error
        raise ArtifactError(
            "the network cannot be loaded", _text(error), "reinstall the plugin or train it again"
        ) from error
    return session


@cache
def _cuda() -> bool:
    """Whether ONNX Runtime was built with its CUDA provider; whether that works shows in a session."""
    import onnxruntime

    if CUDA not in onnxruntime.get_available_providers():
        return False
    onnxruntime.set_default_logger_severity(4)  # it tells of each library that it does not find
    with contextlib.redirect_stdout(None), contextlib.suppress(Exception):
        onnxruntime.preload_dlls()  # from NVIDIA's packages, if they are installed
    return True


def _on_gpu_of_keras(content: bytes, network: str) -> tuple[str, Callable[[Float32], Any]]:
    """Name and function of the network on the GPU of Keras' backend. Raises ``UsageError``."""
    backend, why = _backend_with_gpu() if network else ("", "the plugin names no Keras network")
    if not backend:
        raise UsageError(
            "--device gpu: no GPU found",
            f"ONNX Runtime has no CUDA provider that works, and {why}",
            "leave --device out, or install onnxruntime-gpu",
        )
    return f"keras {backend}", _keras_predictor(content, network)


def _backend_with_gpu() -> tuple[str, str]:
    """Keras' backend if it sees a GPU, else ""; and if not, why."""
    for module in ("keras", "onnx"):
        if importlib.util.find_spec(module) is None:
            return "", f"{module} is not installed"
    # Else TensorFlow takes all of the GPU's memory, and the next process finds none.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    try:
        with silent():
            import keras

            backend = str(keras.backend.backend())
            found = _GPUS[backend]()
    except Exception as error:  # a backend that is missing or broken
        return "", f"Keras cannot be used, {_text(error)}"
    return (backend, "") if found else ("", f"Keras sees no GPU through {backend}")


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Without what a backend's libraries write to stderr while they are loaded, past Python."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # of afterwards
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _tensorflow() -> bool:
    import tensorflow

    return bool(tensorflow.config.list_physical_devices("GPU"))


def _torch() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _jax() -> bool:
    import jax

    return any(one.platform == "gpu" for one in jax.devices())


_GPUS: dict[str, Callable[[], bool]] = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}


def _keras_predictor(content: bytes, network: str) -> Callable[[Float32], Any]:
    """The network that ``network`` names, with the weights of ``content``, wherever Keras runs it.

    Raises ``ArtifactError`` if the file has not all of its weights.
    """
    from colortk.runtime.keras_weights import restore

    model = load_callable(network)()
    missing = len(model.weights) - len(restore(model, content))
    if missing:
        raise ArtifactError(
            f"the network's file is not one of {network}", f"it lacks {missing} of its weights"
        )
    answer: Callable[[Float32], Any] = model.predict_on_batch
    return answer


def _failure(error: Exception, x: Float32, engine: str) -> PredictionError:
    text = _text(error)
    what = f"the network failed on an input of {' × '.join(map(str, x.shape))} ({engine})"
    if out_of_memory(error):
        do = "fewer --jobs, or another --device"
        return PredictionError(what, "there is not enough memory", do)
    return PredictionError(what, text)


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
